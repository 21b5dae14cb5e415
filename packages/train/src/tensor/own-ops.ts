import {
  DTYPE,
  intercept,
  mapShape,
  run,
  runOne,
  scope,
  upload,
  type NativeTensor,
} from "./native.ts";

/*
 * Operations of mien's own, for maps [batch, height, width, channels] in 32-bit floats. They are in the
 * addon that `npm run setup` builds on Linux x64 (tools/setup/native), and need a processor with AVX2.
 * Their results differ from those of TensorFlow's operations by rounding only.
 */

let available: boolean | undefined;
let isOff = false;

/** Runs `body` with TensorFlow's operations in their place, for comparisons. */
export function withoutOwnOps<T>(body: () => T): T {
  const outer = isOff;
  isOff = true;
  try {
    return body();
  } finally {
    isOff = outer;
  }
}

/** Whether this machine has the operations. */
export function hasOwnOps(): boolean {
  if (isOff) return false;
  available ??= intercept(undefined, () =>
    scope(() => {
      try {
        const x = upload(new Float32Array(8), [1, 1, 1, 8]);
        ownConv2d(x, upload(new Float32Array(9 * 8 * 8), [3, 3, 8, 8]));
        return true;
      } catch {
        return false;
      }
    }),
  );
  return available;
}

/** Below this number of channels, Winograd's transforms take longer than the products that they save. */
const FEWEST_CHANNELS = 16;

/** Whether `ownConv2d` computes a convolution of maps of a data type with a kernel. */
export function hasOwnConv2d(dtype: number, kernelShape: readonly number[]): boolean {
  const [rows, columns, ...channels] = kernelShape;
  return (
    dtype === DTYPE.float32 &&
    rows === 3 &&
    columns === 3 &&
    channels.every((count) => count % 8 === 0 && count >= FEWEST_CHANNELS) &&
    hasOwnOps()
  );
}

/**
 * Convolution of stride 1 that keeps height and width, with a kernel [3, 3, in, out]. It uses Winograd's
 * algorithm, which needs about a quarter of the products of a direct convolution (Lavin 2016).
 */
export function ownConv2d(x: NativeTensor, kernel: NativeTensor): NativeTensor {
  return runOne("MienConv2D", [], [x, kernel]);
}

/** Gradient of `ownConv2d` with respect to its input. */
export function ownConv2dInputGradient(kernel: NativeTensor, dy: NativeTensor): NativeTensor {
  return runOne("MienConv2DInputGradient", [], [kernel, dy]);
}

/** Gradient of `ownConv2d` with respect to its kernel. */
export function ownConv2dKernelGradient(x: NativeTensor, dy: NativeTensor): NativeTensor {
  return runOne("MienConv2DKernelGradient", [], [x, dy]);
}

/** Whether `normRelu` computes the batch normalisation of maps. */
export function hasNormRelu(x: NativeTensor): boolean {
  return x.dtype === DTYPE.float32 && mapShape(x)[3] % 8 === 0 && hasOwnOps();
}

/** The parameters and moving averages of batch normalisation, each [channels]. */
export interface BatchNormState {
  readonly scale: NativeTensor;
  readonly offset: NativeTensor;
  readonly movingMean: NativeTensor;
  readonly movingVariance: NativeTensor;
}

/**
 * Batch normalisation by the mean and variance of the batch, max pooling if `pooled`, then ReLU, in two
 * passes over the maps.
 *
 * @param options.momentum a scalar: the share of the old moving averages that is kept; the variance is
 * averaged with Bessel's correction, as in Keras.
 * @param options.pooled whether 2×2 pixels are replaced by their maximum, without an odd last row or
 * column.
 */
export function normRelu(
  x: NativeTensor,
  state: BatchNormState,
  options: { readonly momentum: NativeTensor; readonly pooled: boolean },
) {
  const { scale, offset } = state;
  const { momentum, pooled } = options;
  const inputs = [x, scale, offset, state.movingMean, state.movingVariance, momentum];
  const operation = [pooled ? "MienNormPoolRelu" : "MienNormRelu", 5] as const;
  const [y, movingMean, movingVariance, mean, inverseDeviation] = run(operation, [], inputs);
  return {
    y,
    /** The moving averages after this batch. */
    movingMean,
    movingVariance,
    /** What the gradient needs. */
    saved: { x, scale, offset, mean, inverseDeviation, pooled },
  };
}

/**
 * Gradients of `normRelu` with respect to input, scale and offset, from the gradient of its output. If a
 * window has several maxima, the first one receives the gradient.
 */
export function normReluGradients(dy: NativeTensor, saved: ReturnType<typeof normRelu>["saved"]) {
  const { x, scale, offset, mean, inverseDeviation, pooled } = saved;
  const operation = [pooled ? "MienNormPoolReluGradient" : "MienNormReluGradient", 3] as const;
  const inputs = [x, dy, scale, offset, mean, inverseDeviation];
  const [dx, dScale, dOffset] = run(operation, [], inputs);
  return { x: dx, scale: dScale, offset: dOffset };
}
