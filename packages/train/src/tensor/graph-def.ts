import { binding } from "./tf.ts";
import { bytesField, floatField, integerField } from "./protobuf.ts";
import { DTYPE, type Attribute } from "./native.ts";

/** A node of a TensorFlow graph. */
export interface GraphNode {
  /** Unique in the graph. */
  readonly name: string;
  /** The operation, such as `Conv2D`. */
  readonly operation: string;
  /** Outputs of other nodes, such as `x:0`; then nodes that must run before, such as `^x`. */
  readonly inputs: readonly string[];
  readonly attributes: readonly Attribute[];
  /** The value of a `Const` node. */
  readonly value?: ConstantValue;
}

/** The value of a constant tensor, little-endian. */
interface ConstantValue {
  readonly dtype: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The int32 scalar 0. */
export const zero: ConstantValue = { dtype: DTYPE.int32, shape: [], bytes: new Uint8Array(4) };

/** The tag of the graph in a SavedModel. */
export const GRAPH_TAG = "serve";

/** The version of the graph format, which TensorFlow has had since 2024; older ones read it too. */
const PRODUCER = 1882;

/**
 * A graph as `saved_model.pb`, the file of TensorFlow's SavedModel format.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
 */
export function encodeSavedModel(nodes: readonly GraphNode[]): Buffer {
  const graph = [...nodes.map(encodeNode), bytesField(4, [integerField(1, PRODUCER)])];
  const about = bytesField(1, [bytesField(4, GRAPH_TAG)]);
  return Buffer.concat([integerField(1, 1), bytesField(2, [about, bytesField(2, graph)])]);
}

function encodeNode({ name, operation, inputs, attributes, value }: GraphNode): Buffer {
  const attribute = (key: string, content: Buffer) =>
    bytesField(5, [bytesField(1, key), bytesField(2, content)]);
  return bytesField(1, [
    bytesField(1, name),
    bytesField(2, operation),
    ...inputs.map((input) => bytesField(3, input)),
    ...attributes.map((each) => attribute(each.name, encodeAttribute(each))),
    ...(value === undefined
      ? []
      : [
          attribute("dtype", integerField(6, value.dtype)),
          attribute("value", bytesField(8, encodeConstant(value))),
        ]),
  ]);
}

function encodeConstant({ dtype, shape, bytes }: ConstantValue): readonly Uint8Array[] {
  return [integerField(1, dtype), bytesField(2, encodeShape(shape)), bytesField(4, bytes)];
}

function encodeShape(shape: readonly number[]): readonly Buffer[] {
  return shape.map((size) => bytesField(2, [integerField(1, size)]));
}

/** @throws {Error} for a value that does not fit the attribute's type. */
function encodeAttribute({ name, type, value }: Attribute): Buffer {
  if (type === binding.TF_ATTR_STRING && typeof value === "string") return bytesField(2, value);
  if (type === binding.TF_ATTR_BOOL) return integerField(5, value === true ? 1 : 0);
  if (Array.isArray(value)) {
    const numbers = value.map(Number);
    if (type === binding.TF_ATTR_SHAPE) return bytesField(7, encodeShape(numbers));
    if (type === binding.TF_ATTR_INT) {
      return bytesField(
        1,
        numbers.map((number) => integerField(3, number)),
      );
    }
  }
  if (typeof value === "number") {
    if (type === binding.TF_ATTR_INT) return integerField(3, value);
    if (type === binding.TF_ATTR_FLOAT) return floatField(4, value);
    if (type === binding.TF_ATTR_TYPE) return integerField(6, value);
  }
  throw new Error(`the attribute ${name} has a value of an unexpected type`);
}
