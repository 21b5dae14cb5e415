import { MienError } from "./errors.ts";
import { protobufFields } from "./protobuf-fields.ts";
import type { NamedTensor } from "./tensors.ts";

/** A convolution or dense layer of an ONNX model. */
export interface OnnxLayer {
  /** float32 [out, in, height, width] of a convolution, [in, out] of a dense layer. */
  readonly kernel: FloatTensor;
  /** float32 [out]; undefined if the layer has none. */
  readonly bias: FloatTensor | undefined;
}

/** The float32 weights of an ONNX model. */
export interface OnnxWeights {
  /** The layers (`Conv` and `Gemm` nodes) by the names of their nodes. */
  readonly layers: ReadonlyMap<string, OnnxLayer>;
  /** All stored tensors of type float32, by name. */
  readonly tensors: ReadonlyMap<string, FloatTensor>;
}

type FloatTensor = NamedTensor & { readonly data: Float32Array };

/** Field numbers of ONNX's ModelProto, GraphProto, NodeProto and TensorProto. */
const GRAPH = 7;
const NODE = 1;
const INITIALIZER = 5;
const NODE_FIELDS = { input: 1, name: 3, type: 4 };
const TENSOR_FIELDS = { dims: 1, type: 2, name: 8, raw: 9 };
/** TensorProto's number of the type float32. */
const FLOAT = 1;

/**
 * Reads the weights of the convolutions and dense layers from an ONNX file of mien.
 *
 * @param bytes the whole file.
 * @param name of the file in errors.
 * @throws {MienError} `bad-model` if the bytes are not an ONNX model or are cut off.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function readOnnxWeights(bytes: Uint8Array, name: string): OnnxWeights {
  const tensors = new Map<string, FloatTensor>();
  const nodes: { name: string; inputs: string[] }[] = [];
  const graph = messages(bytes, GRAPH, name)[0];
  if (graph === undefined) {
    throw new MienError("bad-model", `${name} is not an ONNX model: it contains no graph`);
  }
  for (const bytes of messages(graph, INITIALIZER, name)) {
    const [tensorName, tensor] = readTensor(bytes, name);
    if (tensor !== undefined) tensors.set(tensorName, tensor);
  }
  for (const bytes of messages(graph, NODE, name)) {
    const texts = (field: number) =>
      messages(bytes, field, name).map((text) => new TextDecoder().decode(text));
    const [type] = texts(NODE_FIELDS.type);
    if (type !== "Conv" && type !== "Gemm") continue;
    nodes.push({ name: texts(NODE_FIELDS.name)[0] ?? "", inputs: texts(NODE_FIELDS.input) });
  }
  const layers = new Map<string, OnnxLayer>();
  for (const { name, inputs } of nodes) {
    const kernel = tensors.get(inputs[1] ?? "");
    if (kernel !== undefined) layers.set(name, { kernel, bias: tensors.get(inputs[2] ?? "") });
  }
  return { layers, tensors };
}

/** The values of all length-delimited fields of a number in a message. */
function messages(bytes: Uint8Array, field: number, name: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const { number, value } of protobufFields(bytes, name)) {
    if (number === field && value instanceof Uint8Array) found.push(value);
  }
  return found;
}

/** A TensorProto's name, and its values if they are float32 and stored as bytes. */
function readTensor(bytes: Uint8Array, file: string): [string, FloatTensor | undefined] {
  const shape: number[] = [];
  let name = "";
  let type: unknown;
  let raw: Uint8Array | undefined;
  for (const { number, value } of protobufFields(bytes, file)) {
    if (number === TENSOR_FIELDS.type) type = value;
    if (number === TENSOR_FIELDS.dims && typeof value === "number") shape.push(value);
    if (!(value instanceof Uint8Array)) continue;
    if (number === TENSOR_FIELDS.name) name = new TextDecoder().decode(value);
    if (number === TENSOR_FIELDS.raw) raw = value;
  }
  const count = shape.reduce((product, n) => product * n, 1);
  if (type !== FLOAT || raw?.length !== 4 * count) return [name, undefined];
  return [name, { shape, data: new Float32Array(Uint8Array.from(raw).buffer) }];
}
