import { MienError } from "@mien/format";
import {
  FLOAT,
  type Attribute,
  type Graph,
  type GraphNode,
  type Port,
  type Tensor,
} from "./onnx-model.ts";
import { fields, type Field } from "./protobuf-fields.ts";

/** A graph that was read from a file, and its operator set. */
interface DecodedModel {
  readonly graph: Graph;
  /** Version of the operator set. */
  readonly opset: number;
}

/**
 * Field numbers of the messages in onnx.proto: `read` are those that `encodeOnnxModel` writes, `skip`
 * are those that do not change the outputs. Other fields are refused.
 */
const MESSAGES = {
  model: { read: [7, 8], skip: [1, 2, 3, 4, 5, 6, 14] },
  graph: { read: [1, 2, 5, 11, 12], skip: [10, 13] },
  node: { read: [1, 2, 3, 4, 5, 7], skip: [6] },
  attribute: { read: [1, 2, 3, 4, 8, 20], skip: [13] },
  tensor: { read: [1, 2, 8, 9], skip: [12] },
  value: { read: [1, 2], skip: [3] },
  opset: { read: [1, 2], skip: [] },
} as const;

/**
 * Decodes an ONNX file that `encodeOnnxModel` wrote. Files of other programs are decoded, too, if they
 * use nothing else.
 *
 * @param name of the file in errors.
 * @throws {MienError} `bad-model` if it is not an ONNX file or is cut off; `unsupported` if it uses
 * something that `encodeOnnxModel` does not write.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the field numbers
 */
export function decodeOnnxModel(bytes: Uint8Array, name: string): DecodedModel {
  const read = (kind: keyof typeof MESSAGES, message: Uint8Array) =>
    new Message(kind, message, name);
  const model = read("model", bytes);
  const graph = model.messages(7)[0];
  if (graph === undefined) {
    throw new MienError("bad-model", `${name} is not an ONNX model: it holds no graph`);
  }
  const opsets = model.messages(8).map((each) => read("opset", each));
  const [opset] = opsets;
  if (opset === undefined || opsets.length > 1 || !["", "ai.onnx"].includes(opset.text(1))) {
    throw unsupported(name, "operators of several domains");
  }
  const parts = read("graph", graph);
  const tensors = parts.messages(5).map((each) => read("tensor", each));
  return {
    opset: opset.int(2),
    graph: {
      name: parts.text(2),
      inputs: parts.messages(11).map((each) => decodePort(read("value", each), name)),
      outputs: parts.messages(12).map((each) => decodePort(read("value", each), name)),
      nodes: parts.messages(1).map((each) => decodeNode(read("node", each), read)),
      tensors: new Map(tensors.map((each) => [each.text(8), decodeTensor(each, name)])),
    },
  };
}

type Read = (kind: keyof typeof MESSAGES, message: Uint8Array) => Message;

function decodeNode(node: Message, read: Read): GraphNode {
  if (!["", "ai.onnx"].includes(node.text(7))) {
    throw unsupported(node.file, `the domain ${node.text(7)}`);
  }
  const attributes = node.messages(5).map((each) => read("attribute", each));
  return {
    op: node.text(4),
    name: node.text(3),
    inputs: node.texts(1),
    outputs: node.texts(2),
    attributes: Object.fromEntries(attributes.map((each) => [each.text(1), decodeAttribute(each)])),
  };
}

/** The types of AttributeProto.AttributeType are those of `encodeAttribute`. */
function decodeAttribute(attribute: Message): Attribute {
  const type = attribute.int(20);
  if (type === 1) return { float: attribute.float(2) };
  if (type === 2) return { int: attribute.int(3) };
  if (type === 3) return { text: attribute.text(4) };
  if (type === 7) return { ints: attribute.ints(8) };
  throw unsupported(attribute.file, `attributes of type ${type}`);
}

function decodeTensor(tensor: Message, name: string): Tensor {
  const dims = tensor.ints(1);
  // A copy, since typed arrays must begin at a multiple of their element size.
  const { buffer } = new Uint8Array(tensor.bytes(9));
  const data = arrayOf(tensor.int(2), buffer);
  if (data === undefined) throw unsupported(name, `constants of type ${tensor.int(2)}`);
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (data.length === size) return { dims, data };
  throw new MienError(
    "bad-model",
    `${name} is damaged: ${tensor.text(8)} has ${data.length} values, expected ${size}`,
  );
}

/** The array for a type of TensorProto.DataType; undefined for types that are not written. */
function arrayOf(type: number, buffer: ArrayBuffer): Tensor["data"] | undefined {
  const known = {
    1: Float32Array,
    2: Uint8Array,
    3: Int8Array,
    6: Int32Array,
    7: BigInt64Array,
    10: Uint16Array,
  };
  const ArrayType = Object.entries(known).find(([number]) => Number(number) === type)?.[1];
  if (ArrayType === undefined || buffer.byteLength % ArrayType.BYTES_PER_ELEMENT > 0) {
    return undefined;
  }
  return new ArrayType(buffer);
}

/** ValueInfoProto: name and type; TypeProto: tensor_type; TypeProto.Tensor: elem_type and shape. */
function decodePort(port: Message, name: string): Port {
  const type = contentOf(port.messages(2)[0], 1);
  const tensor = [...fields(type ?? new Uint8Array())];
  const element = tensor.find(({ number }) => number === 1);
  if (type === undefined || element === undefined || integerOf(element) !== FLOAT) {
    throw unsupported(name, "inputs or outputs that are not float32");
  }
  const shape = tensor.find(({ number }) => number === 2)?.value;
  if (shape === undefined) return { name: port.text(1) };
  const sizes = [...fields(shape)].map((dim): number | string => {
    const [size] = [...fields(dim.value ?? new Uint8Array())];
    return size === undefined ? "" : (integerOf(size) ?? textOf(size.value ?? new Uint8Array()));
  });
  if (typeof sizes[0] !== "string") throw unsupported(name, "a fixed batch size");
  return { name: port.text(1), shape: sizes.slice(1) };
}

/** The content of the first field of that number in a message. */
function contentOf(message: Uint8Array | undefined, number: number): Uint8Array | undefined {
  if (message === undefined) return undefined;
  return [...fields(message)].find((field) => field.number === number)?.value;
}

/** The fields of a message, with a default for each that is absent, as protobuf defines them. */
class Message {
  /** Name of the file in errors. */
  readonly file: string;
  readonly #fields: readonly Field[];

  constructor(kind: keyof typeof MESSAGES, bytes: Uint8Array, file: string) {
    this.file = file;
    this.#fields = [...fields(bytes)];
    const { read, skip } = MESSAGES[kind];
    const known: readonly number[] = [...read, ...skip];
    const other = this.#fields.find(({ number }) => !known.includes(number));
    if (other !== undefined) throw unsupported(file, `field ${other.number} of a ${kind}`);
  }

  messages(number: number): Uint8Array[] {
    return this.#of(number).map(({ value }) => value ?? this.#wrongType(number));
  }

  texts(number: number): string[] {
    return this.messages(number).map(textOf);
  }

  text(number: number): string {
    return this.texts(number)[0] ?? "";
  }

  bytes(number: number): Uint8Array {
    return this.messages(number)[0] ?? new Uint8Array();
  }

  ints(number: number): number[] {
    return this.#of(number).map((field) => integerOf(field) ?? this.#wrongType(number));
  }

  int(number: number): number {
    return this.ints(number)[0] ?? 0;
  }

  float(number: number): number {
    const scalar = this.#of(number)[0]?.scalar;
    if (scalar?.length !== 4) return scalar === undefined ? 0 : this.#wrongType(number);
    return new DataView(scalar.buffer, scalar.byteOffset).getFloat32(0, true);
  }

  #of(number: number): Field[] {
    return this.#fields.filter((field) => field.number === number);
  }

  #wrongType(number: number): never {
    throw unsupported(this.file, `field ${number} in another encoding`);
  }
}

/** A signed integer in base 128; undefined if the field has a length. */
function integerOf({ scalar }: Field): number | undefined {
  if (scalar === undefined) return undefined;
  let value = 0n;
  scalar.forEach((byte, i) => (value |= BigInt(byte & 0x7f) << BigInt(7 * i)));
  return Number(BigInt.asIntN(64, value));
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function unsupported(file: string, what: string): MienError {
  return new MienError(
    "unsupported",
    `${file} cannot be rewritten: it uses ${what}, which this converter does not write`,
    { advice: "Use a file that was made by `npx nx run export:onnx` and not changed since." },
  );
}
