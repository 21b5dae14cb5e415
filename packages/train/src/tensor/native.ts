import { binding, type AddonTensor, type OutputCount, type Outputs } from "./tf.ts";

/**
 * A tensor inside TensorFlow, identified by its id. tfjs's own tensors wrap the same ids; the ids
 * alone are faster and allow data types that tfjs does not have. `dispose` or the end of the tensor's
 * `scope` frees it. The `dtype` is one of `DTYPE`.
 */
export type NativeTensor = AddonTensor;

/** TensorFlow's numbers for the data types in use. */
export const DTYPE = {
  float32: 1,
  int32: 3,
  uint8: 4,
  bool: 10,
  bfloat16: 14,
  resource: 20,
} as const;

/** A named argument of an operation, in the form that the addon expects. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** Functions that make attributes. Attributes of operations that run in every step are reused. */
export const attribute = {
  type: (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value }),
  /** An integer, or a list of integers. */
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

/** Ids of the tensors made in the innermost scope; undefined outside of every scope. */
let created: Set<number> | undefined;

/**
 * Takes the place of TensorFlow for the operations and uploads of a function. Its tensors may be
 * symbolic: they have an id below 0 and no values, and need not be freed.
 */
export interface Interceptor {
  run(
    operation: Operation<OutputCount>,
    attributes: readonly Attribute[],
    inputs: readonly NativeTensor[],
  ): readonly NativeTensor[];
  upload(values: Float32Array | Int32Array | Uint8Array, shape: readonly number[]): NativeTensor;
}

let interceptor: Interceptor | undefined;

/** Runs `body`, whose operations and uploads go to an interceptor, or to TensorFlow if undefined. */
export function intercept<T>(by: Interceptor | undefined, body: () => T): T {
  const outer = interceptor;
  interceptor = by;
  try {
    return body();
  } finally {
    interceptor = outer;
  }
}

/** Whether operations go to an interceptor at the moment. */
export function isIntercepted(): boolean {
  return interceptor !== undefined;
}

/** The name of a TensorFlow operation and the number of its outputs. */
export type Operation<N extends OutputCount> = readonly [name: string, outputs: N];

/**
 * Runs a TensorFlow operation synchronously (TensorFlow uses its own threads for the work).
 *
 * @returns its outputs, in TensorFlow's order.
 */
export function run<N extends OutputCount>(
  operation: Operation<N>,
  attributes: readonly Attribute[],
  inputs: readonly NativeTensor[],
): Outputs<N> {
  const [name, outputs] = operation;
  const results = interceptor
    ? (interceptor.run(operation, attributes, inputs) as Outputs<N>)
    : binding.executeOp(
        name,
        attributes,
        inputs.map(({ id }) => id),
        outputs,
      );
  if (created) for (const result of results) created.add(result.id);
  return results;
}

/** Like `run`, for an operation with one output. */
export function runOne(
  name: string,
  attributes: readonly Attribute[],
  inputs: readonly NativeTensor[],
): NativeTensor {
  return run([name, 1], attributes, inputs)[0];
}

/**
 * Makes a tensor from values.
 *
 * @param values must not change before the tensor is freed, because TensorFlow may use their memory.
 */
export function upload(
  values: Float32Array | Int32Array | Uint8Array,
  shape: readonly number[] = [values.length],
): NativeTensor {
  if (interceptor) {
    const tensor = interceptor.upload(values, shape);
    created?.add(tensor.id);
    return tensor;
  }
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
  const values = binding.tensorDataSync(tensor.id);
  if (values instanceof Float32Array) return values;
  throw new Error(`expected a float32 tensor, found type ${tensor.dtype}`);
}

/**
 * The shape of feature maps.
 *
 * @throws {Error} unless the tensor has four axes.
 */
export function mapShape({
  shape,
}: NativeTensor): readonly [batch: number, height: number, width: number, channels: number] {
  const [batch, height, width, channels] = shape;
  if (
    batch === undefined ||
    height === undefined ||
    width === undefined ||
    channels === undefined
  ) {
    throw new Error(`expected [batch, height, width, channels], found [${shape.join(", ")}]`);
  }
  return [batch, height, width, channels];
}

/** Frees tensors. */
export function dispose(...tensors: readonly NativeTensor[]): void {
  for (const { id } of tensors) {
    created?.delete(id);
    free(id);
  }
}

function free(id: number): void {
  // Symbolic tensors have no memory.
  if (id >= 0) binding.deleteTensor(id);
}

/** Removes a tensor from its scope, so that the caller must free it by `dispose`. */
export function keep<T extends NativeTensor>(tensor: T): T {
  created?.delete(tensor.id);
  return tensor;
}

/**
 * Runs `body`, then frees every tensor that was made in it, except those that `keep` removed from
 * the scope. Scopes can be nested; `body` must be synchronous.
 */
export function scope<T>(body: () => T): T {
  const outer = created;
  const inner = new Set<number>();
  created = inner;
  try {
    return body();
  } finally {
    created = outer;
    for (const id of inner) free(id);
  }
}

/** Small constant inputs of operations, such as shapes. They are made once and never freed. */
const constants = new Map<string, NativeTensor>();
const constantIds = new Set<number>();

/** Whether a tensor is one of `ints` or `constantFloat`. */
export function isConstant({ id }: NativeTensor): boolean {
  return constantIds.has(id);
}

/** A constant int32 tensor; a single number gives a scalar. */
export function ints(values: number | readonly number[]): NativeTensor {
  return constant(`i${String(values)}`, values, (list) => Int32Array.from(list));
}

/** A constant float32 scalar. For values that change, use `scalar`, because constants are not freed. */
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
    tensor = keep(intercept(undefined, () => upload(make(list), isScalar ? [] : [list.length])));
    constants.set(name, tensor);
    constantIds.add(tensor.id);
  }
  return tensor;
}

/**
 * The number of tensors that TensorFlow holds for this process, including the tensors of tfjs.
 *
 * @internal exported for tests.
 */
export function tensorCount(): number {
  return binding.getNumOfTensors();
}
