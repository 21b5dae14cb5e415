/**
 * Encodes small ONNX files for tests without a library, so that tests need no Python and no converter.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the field numbers
 */

/** ONNX's codes of the element types that tests use. */
const DTYPE = { float32: 1, uint8: 2, float64: 11 } as const;

interface Value {
  readonly name: string;
  readonly type?: keyof typeof DTYPE;
  /** A free dimension is given by its name. */
  readonly shape: readonly (number | string)[];
}

interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Integers, or lists of integers. */
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** The content of an ONNX file. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  /** float32 weights by name. */
  readonly weights: Readonly<Record<string, { shape: readonly number[]; data: readonly number[] }>>;
  /** The file's `metadata_props`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Encodes a graph as an ONNX file of opset 17. */
export function writeOnnx(graph: Graph): Uint8Array {
  const graphBytes = message([
    ...graph.nodes.map((node) => bytes(1, nodeProto(node))),
    text(2, "test"),
    ...Object.entries(graph.weights).map(([name, { shape, data }]) =>
      bytes(5, tensorProto(name, shape, data)),
    ),
    ...graph.inputs.map((value) => bytes(11, valueProto(value))),
    ...graph.outputs.map((value) => bytes(12, valueProto(value))),
  ]);
  return message([
    integer(1, 8),
    bytes(8, message([text(1, ""), integer(2, 17)])),
    bytes(7, graphBytes),
    ...Object.entries(graph.metadata).map(([key, value]) =>
      bytes(14, message([text(1, key), text(2, value)])),
    ),
  ]);
}

function nodeProto({ op, inputs, outputs, attributes = {} }: Node): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(
        5,
        typeof value === "number"
          ? message([text(1, name), integer(3, value), integer(20, 2)])
          : message([text(1, name), ...value.map((item) => integer(8, item)), integer(20, 7)]),
      ),
    ),
  ]);
}

function tensorProto(name: string, shape: readonly number[], data: readonly number[]): Uint8Array {
  const raw = new Uint8Array(Float32Array.from(data).buffer);
  return message([
    ...shape.map((size) => integer(1, size)),
    integer(2, DTYPE.float32),
    text(8, name),
    bytes(9, raw),
  ]);
}

function valueProto({ name, type = "float32", shape }: Value): Uint8Array {
  const dimensions = shape.map((size) =>
    bytes(1, message([typeof size === "number" ? integer(1, size) : text(2, size)])),
  );
  const tensorType = message([integer(1, DTYPE[type]), bytes(2, message(dimensions))]);
  return message([text(1, name), bytes(2, message([bytes(1, tensorType)]))]);
}

function message(fields: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(fields));
}

function integer(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, Buffer.from(value));
}

function varint(value: number): Uint8Array {
  return value < 128
    ? Uint8Array.of(value)
    : Uint8Array.of((value % 128) + 128, ...varint(Math.floor(value / 128)));
}
