import {
  attribute,
  run,
  runOne,
  scope,
  upload,
  download,
  type NativeTensor,
} from "../tensor/native.ts";

/** The result of pooling, with further tensors that its gradient needs. */
export interface PoolResult {
  readonly y: NativeTensor;
  readonly workspace: readonly NativeTensor[];
}

/**
 * The distance between two windows, in pixels. With 2, the windows do not overlap; with 1, they start
 * at every pixel.
 */
export type PoolStride = 1 | 2;

/**
 * Max pooling over 2×2 windows inside the map; with stride 2, an odd last row or column is dropped.
 *
 * @internal exported for tests.
 */
export interface MaxPool {
  /** The library whose pooling is used; oneDNN is about three times as fast as TensorFlow. */
  readonly name: "oneDNN" | "TensorFlow";
  readonly stride: PoolStride;
  forward(x: NativeTensor): PoolResult;
  /** Gradient with respect to the input. If a window has several maxima, the first one receives it. */
  backward(x: NativeTensor, result: PoolResult, dy: NativeTensor): NativeTensor;
}

const windows = (dtype: number, stride: PoolStride) => [
  attribute.type("T", dtype),
  attribute.int("ksize", [1, 2, 2, 1]),
  attribute.int("strides", [1, stride, stride, 1]),
  attribute.text("padding", "VALID"),
  attribute.text("data_format", "NHWC"),
];

/**
 * TensorFlow's public operations, which every build has.
 *
 * @internal exported for tests.
 */
export const plainMaxPool = (stride: PoolStride): MaxPool => ({
  name: "TensorFlow",
  stride,
  forward: (x) => ({ y: runOne("MaxPool", windows(x.dtype, stride), [x]), workspace: [] }),
  backward: (x, { y }, dy) => runOne("MaxPoolGrad", windows(x.dtype, stride), [x, y, dy]),
});

const internal = (dtype: number, stride: PoolStride) => [
  ...windows(dtype, stride),
  attribute.bool("workspace_enabled", true),
  // TensorFlow refuses its internal oneDNN operations unless they carry this label.
  attribute.text("_kernel", "MklNameChangeOp"),
];

/** TensorFlow's internal oneDNN operations, which a build may lack. */
const oneDnnMaxPool = (stride: PoolStride): MaxPool => ({
  name: "oneDNN",
  stride,
  forward: (x) => {
    const [y, workspace] = run(["_MklNativeMaxPool", 2], internal(x.dtype, stride), [x]);
    return { y, workspace: [workspace] };
  },
  backward: (x, { y, workspace }, dy) =>
    runOne("_MklNativeMaxPoolGrad", internal(x.dtype, stride), [x, y, dy, ...workspace]),
});

const chosen = new Map<PoolStride, MaxPool>();

/**
 * The fastest max pooling of this build of TensorFlow. The internal one is used only if it exists and
 * gives exactly the same outputs and gradients as the public one.
 */
export function maxPool(stride: PoolStride): MaxPool {
  const known = chosen.get(stride);
  if (known !== undefined) return known;
  const internal = oneDnnMaxPool(stride);
  const pool = agrees(internal) ? internal : plainMaxPool(stride);
  chosen.set(stride, pool);
  return pool;
}

/**
 * Whether a pooling gives the same results as `plainMaxPool` on a map with an even and an odd side.
 *
 * @internal
 */
export function agrees(candidate: MaxPool): boolean {
  const shape = [2, 6, 5, 16];
  const size = shape.reduce((product, n) => product * n);
  const outcome = (pool: MaxPool) =>
    scope(() => {
      // All values are different, so that each window has one maximum.
      const values = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % size) - 400);
      const x = upload(values, shape);
      const result = pool.forward(x);
      const y = download(result.y);
      const dy = upload(
        y.map((_, i) => i + 1),
        result.y.shape,
      );
      return [y, download(pool.backward(x, result, dy))];
    });
  try {
    const expected = outcome(plainMaxPool(candidate.stride));
    return outcome(candidate).every((found, i) =>
      found.every((value, j) => value === expected[i]?.[j]),
    );
  } catch {
    return false;
  }
}
