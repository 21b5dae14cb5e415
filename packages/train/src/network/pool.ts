import {
  attribute,
  run,
  runOne,
  scope,
  upload,
  download,
  type NativeTensor,
} from "../tensor/native.ts";

/** A pooled map, and what its gradient needs beside input and output. */
export interface PoolResult {
  readonly y: NativeTensor;
  readonly workspace: readonly NativeTensor[];
}

/** Max pooling over 2×2 windows that do not overlap; an odd last row or column is dropped. */
export interface MaxPool {
  /** What computes it: oneDNN is about three times as fast as TensorFlow's own. */
  readonly name: "oneDNN" | "TensorFlow";
  forward(x: NativeTensor): PoolResult;
  /** Gradient in the input; where a window has equal maxima, the first of them gets it. */
  backward(x: NativeTensor, result: PoolResult, dy: NativeTensor): NativeTensor;
}

const windows = (dtype: number) => [
  attribute.type("T", dtype),
  attribute.int("ksize", [1, 2, 2, 1]),
  attribute.int("strides", [1, 2, 2, 1]),
  attribute.text("padding", "VALID"),
  attribute.text("data_format", "NHWC"),
];

/** TensorFlow's own operations, which every build has. */
export const plainMaxPool: MaxPool = {
  name: "TensorFlow",
  forward: (x) => ({ y: runOne("MaxPool", windows(x.dtype), [x]), workspace: [] }),
  backward: (x, { y }, dy) => runOne("MaxPoolGrad", windows(x.dtype), [x, y, dy]),
};

const internal = (dtype: number) => [
  ...windows(dtype),
  attribute.bool("workspace_enabled", true),
  // TensorFlow refuses its internal oneDNN operations unless they carry this label.
  attribute.text("_kernel", "MklNameChangeOp"),
];

/** TensorFlow's internal oneDNN operations; they are no public interface and may be missing. */
const oneDnnMaxPool: MaxPool = {
  name: "oneDNN",
  forward: (x) => {
    const [y, workspace] = run("_MklNativeMaxPool", internal(x.dtype), [x], 2);
    return { y: y as NativeTensor, workspace: [workspace as NativeTensor] };
  },
  backward: (x, { y, workspace }, dy) =>
    runOne("_MklNativeMaxPoolGrad", internal(x.dtype), [x, y, dy, ...workspace]),
};

let chosen: MaxPool | undefined;

/**
 * The fastest max pooling that this build of TensorFlow has. The internal one is taken only if it
 * exists and gives exactly what the public one gives, forwards and backwards.
 */
export function maxPool(): MaxPool {
  return (chosen ??= agrees(oneDnnMaxPool) ? oneDnnMaxPool : plainMaxPool);
}

/** Whether a pooling equals `plainMaxPool` on a map of even and odd sizes. */
export function agrees(candidate: MaxPool): boolean {
  const shape = [2, 6, 5, 16];
  const size = shape.reduce((product, n) => product * n);
  const outcome = (pool: MaxPool) =>
    scope(() => {
      // All values differ, so that every window has one maximum.
      const values = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % size) - 400);
      const x = upload(values, shape);
      const result = pool.forward(x);
      const dy = upload(
        Float32Array.from({ length: 192 }, (_, i) => i + 1),
        [2, 3, 2, 16],
      );
      return [download(result.y), download(pool.backward(x, result, dy))];
    });
  try {
    const expected = outcome(plainMaxPool);
    return outcome(candidate).every((found, i) =>
      found.every((value, j) => value === expected[i]?.[j]),
    );
  } catch {
    return false;
  }
}
