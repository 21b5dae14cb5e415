import { MienError } from "@mien/format";
import { ProtoMessage } from "./protobuf.ts";

/** The oldest, the newest and the default operator set. */
export const OPSETS = { oldest: 13, newest: 21, usual: 17 } as const;

/** Version of the file format that was released with each operator set. */
const IR_VERSIONS: Readonly<Record<number, number>> = {
  13: 7,
  14: 7,
  15: 8,
  16: 8,
  17: 8,
  18: 8,
  19: 9,
  20: 9,
  21: 10,
};

/**
 * A constant of the graph: weights (float32, or float16 as its bits in a Uint16Array), quantised
 * weights (uint8, int8, and int32 for biases) or a shape (int64).
 */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | Uint16Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
}

/** The value of a node's attribute, by its ONNX type. */
export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };

/** One operation. The arrays may change while a graph is being simplified. */
export interface GraphNode {
  op: string;
  name: string;
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
}

/** An input or output of the graph: float32 [N, …shape] with dynamic N. */
export interface Port {
  readonly name: string;
  /** A word is the name of another dynamic size; absent if the file need not state the shape. */
  readonly shape?: readonly (number | string)[];
}

/** A graph of float32 values; each node comes after the nodes whose results it uses. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly nodes: readonly GraphNode[];
  readonly tensors: ReadonlyMap<string, Tensor>;
}

// Types of TensorProto.DataType and AttributeProto.AttributeType.
export const FLOAT = 1;
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

/** Properties of a file other than its graph. */
export interface ModelHeader {
  /** The file's `metadata_props`; default none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The operator set of the graph, 13–21; default 17. */
  readonly opset?: number;
}

/**
 * Encodes a graph as an ONNX file.
 *
 * @returns the same bytes for the same arguments.
 * @throws {MienError} `bad-config` for an unsupported operator set.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the field numbers
 */
export function encodeOnnxModel(graph: Graph, header: ModelHeader = {}): Uint8Array {
  const { metadata = {}, opset = OPSETS.usual } = header;
  const version = IR_VERSIONS[opset];
  if (version === undefined) {
    throw new MienError(
      "bad-config",
      `an opset must be from ${OPSETS.oldest} to ${OPSETS.newest}, found ${opset}`,
    );
  }
  const model = new ProtoMessage()
    .int(1, version) // ir_version
    .text(2, "mien") // producer_name
    .message(7, encodeGraph(graph)) // graph
    .message(8, new ProtoMessage().text(1, "").int(2, opset)); // opset_import: domain, version
  for (const [key, value] of Object.entries(metadata)) {
    model.message(14, new ProtoMessage().text(1, key).text(2, value)); // metadata_props: key, value
  }
  return model.toBytes();
}

function encodeGraph(graph: Graph): ProtoMessage {
  const message = new ProtoMessage();
  for (const node of graph.nodes) message.message(1, encodeNode(node)); // node
  message.text(2, graph.name); // name
  for (const [name, tensor] of graph.tensors) message.message(5, encodeTensor(name, tensor)); // initializer
  for (const port of graph.inputs) message.message(11, encodePort(port)); // input
  for (const port of graph.outputs) message.message(12, encodePort(port)); // output
  return message;
}

function encodeNode(node: GraphNode): ProtoMessage {
  const message = new ProtoMessage();
  for (const name of node.inputs) message.text(1, name); // input
  for (const name of node.outputs) message.text(2, name); // output
  message.text(3, node.name).text(4, node.op); // name, op_type
  for (const [name, value] of Object.entries(node.attributes)) {
    message.message(5, encodeAttribute(name, value)); // attribute
  }
  return message;
}

function encodeAttribute(name: string, value: Attribute): ProtoMessage {
  const message = new ProtoMessage().text(1, name); // name
  if ("int" in value) return message.int(3, value.int).int(20, ATTRIBUTE_INT); // i, type
  if ("float" in value) return message.float(2, value.float).int(20, ATTRIBUTE_FLOAT); // f, type
  if ("text" in value) return message.text(4, value.text).int(20, ATTRIBUTE_STRING); // s, type
  for (const int of value.ints) message.int(8, int); // ints
  return message.int(20, ATTRIBUTE_INTS); // type
}

function encodeTensor(name: string, { dims, data }: Tensor): ProtoMessage {
  const message = new ProtoMessage();
  for (const dim of dims) message.int(1, dim); // dims
  message.int(2, typeOf(data)); // data_type
  message.text(8, name); // name
  // Typed arrays are little-endian on every machine that Node runs on, as raw_data must be.
  return message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)); // raw_data
}

/** The number of an array's type in TensorProto.DataType. */
function typeOf(data: Tensor["data"]): number {
  if (data instanceof Float32Array) return FLOAT;
  if (data instanceof Uint8Array) return 2;
  if (data instanceof Int8Array) return 3;
  if (data instanceof Int32Array) return 6;
  if (data instanceof BigInt64Array) return 7;
  return 10; // float16
}

function encodePort({ name, shape }: Port): ProtoMessage {
  const tensorType = new ProtoMessage().int(1, FLOAT); // elem_type
  if (shape !== undefined) {
    const dims = new ProtoMessage();
    for (const size of ["N", ...shape]) {
      const dim = new ProtoMessage();
      dims.message(1, typeof size === "string" ? dim.text(2, size) : dim.int(1, size)); // dim: dim_param or dim_value
    }
    tensorType.message(2, dims); // shape
  }
  return new ProtoMessage()
    .text(1, name) // name
    .message(2, new ProtoMessage().message(1, tensorType)); // type: tensor_type
}
