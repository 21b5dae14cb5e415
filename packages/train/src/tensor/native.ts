import { binding } from "./tf.ts";

/**
 * A tensor inside TensorFlow, known by its id. tfjs's own tensors are wrappers around the same
 * ids; working on the ids saves their bookkeeping, and allows data types that tfjs does not have.
 * Nothing frees such a tensor but `dispose` or the end of its `scope`.
 */
export interface NativeTensor {
  readonly id: number;
  readonly shape: readonly number[];
  /** One of `DTYPE`. */
  readonly dtype: number;
}

/** TensorFlow's numbers for the data types in use. */
export const DTYPE = {
  float32: 1,
  int32: 3,
  uint8: 4,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;

/** A named argument of an operation, as the addon takes it. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Makers of attributes; make them once and reuse them where an operation runs at every step. */
export const attribute = {
  type: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value }),
  /** A whole number, or a list of them. */
  int: (name: string, value: number | readonly number[]): Attribute => ({
    name,
    type: binding.TF_ATTR_INT,
    value,
  }),
  float: (name: string, value: number): Attribute => ({
    name,
    type: binding.TF_ATTR_FLOAT,
    value,
  }),
  bool: (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
  text: (name: string, value: string): Attribute => ({
    name,
    type: binding.TF_ATTR_STRING,
    value,
  }),
  shape: (name: string, value: readonly number[]): Attribute => ({
    name,
    type: binding.TF_ATTR_SHAPE,
    value,
  }),
};

/** Ids made in the innermost scope; undefined outside of any. */
let created: Set<number> | undefined;

/**
 * Runs a TensorFlow operation by name, at once and in this thread (TensorFlow spreads the work
 * inside over its own threads).
 *
 * @returns its outputs, in TensorFlow's order.
 */
export function run(
  operation: string,
  attributes: readonly Attribute[],
  inputs: readonly NativeTensor[],
  outputs: number,
): NativeTensor[] {
  const ids = inputs.map((input) => input.id);
  const results = binding.executeOp(operation, attributes, ids, outputs);
  if (created) for (const result of results) created.add(result.id);
  return results;
}

/** `run` for an operation with exactly one output. */
export function runOne(
  operation: string,
  attributes: readonly Attribute[],
  inputs: readonly NativeTensor[],
): NativeTensor {
  return run(operation, attributes, inputs, 1)[0] as NativeTensor;
}

/**
 * Hands values to TensorFlow.
 *
 * @param values must not change while the tensor lives: TensorFlow may use the memory in place.
 */
export function upload(
  values: Float32Array | Int32Array | Uint8Array,
  shape: readonly number[] = [values.length],
): NativeTensor {
  const dtype =
    values instanceof Float32Array
      ? DTYPE.float32
      : values instanceof Int32Array
        ? DTYPE.int32
        : DTYPE.uint8;
  const id = binding.createTensor(shape, dtype, values);
  created?.add(id);
  return { id, shape, dtype };
}

/** A copy of a float32 tensor's values. */
export function download(tensor: NativeTensor): Float32Array {
  return binding.tensorDataSync(tensor.id) as Float32Array;
}

/** Frees tensors that no scope will free. */
export function dispose(...tensors: readonly NativeTensor[]): void {
  for (const { id } of tensors) {
    created?.delete(id);
    binding.deleteTensor(id);
  }
}

/** Takes a tensor out of its scope, to be disposed of by the caller. */
export function keep<T extends NativeTensor>(tensor: T): T {
  created?.delete(tensor.id);
  return tensor;
}

/**
 * Runs `body`, then frees every tensor that was made in it and not kept. Scopes nest; `body` must
 * not be asynchronous.
 */
export function scope<T>(body: () => T): T {
  const outer = created;
  const inner = new Set<number>();
  created = inner;
  try {
    return body();
  } finally {
    created = outer;
    for (const id of inner) binding.deleteTensor(id);
  }
}

/** Small constants that operations take as inputs, such as shapes; made once, never freed. */
const constants = new Map<string, NativeTensor>();

/** A constant tensor of whole numbers; a single number gives a scalar. */
export function ints(values: number | readonly number[]): NativeTensor {
  return constant(`i${String(values)}`, values, (list) => Int32Array.from(list));
}

/** A constant float32 scalar; for values that never change, as each one stays in memory. */
export function constantFloat(value: number): NativeTensor {
  return constant(`f${value}`, value, (list) => Float32Array.from(list));
}

function constant(
  key: string,
  values: number | readonly number[],
  make: (list: readonly number[]) => Float32Array | Int32Array,
): NativeTensor {
  const isScalar = typeof values === "number";
  const name = isScalar ? `scalar ${key}` : key;
  let tensor = constants.get(name);
  if (tensor === undefined) {
    const list = isScalar ? [values] : values;
    tensor = keep(upload(make(list), isScalar ? [] : [list.length]));
    constants.set(name, tensor);
  }
  return tensor;
}

/** How many tensors TensorFlow holds for this process, tfjs's included. */
export function tensorCount(): number {
  return binding.getNumOfTensors();
}
