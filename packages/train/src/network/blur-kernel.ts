/** The side of the blur in pixels. */
export const BLUR_SIZE = 3;

/**
 * The kernel of the blur for each of some channels, float32 [3, 3, channels, 1] row-major: the
 * binomial weights [1, 2, 1] / 4 along both axes, whose sum is 1.
 */
export function blurKernel(channels: number): Float32Array {
  const row = [0.25, 0.5, 0.25];
  const weights = row.flatMap((a) => row.map((b) => a * b));
  return Float32Array.from(weights.flatMap((weight) => new Array<number>(channels).fill(weight)));
}
