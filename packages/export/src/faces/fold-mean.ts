import type { ByteGraph } from "./byte-graph.ts";

/**
 * What subtracting the mean colour and dividing by 255 before an unpadded convolution makes of the
 * convolution's own scale and bias.
 *
 * @param given.kernel name of the kernel, [height, width, 3, outputs].
 * @param given.mean of red, green and blue, 0–255.
 * @param given.scale multiplied into the kernel, one number per output.
 */
export function foldMean(
  net: ByteGraph,
  given: {
    readonly kernel: string;
    readonly mean: readonly number[];
    readonly scale: Float32Array;
    readonly bias: Float32Array;
  },
): { kernel: string; scale: Float32Array; bias: Float32Array } {
  const { kernel, mean, scale, bias } = given;
  const sums = new Float64Array(bias.length);
  net.floats(kernel).forEach((weight, i) => {
    const output = i % bias.length;
    const channel = Math.floor(i / bias.length) % mean.length;
    sums[output] = (sums[output] as number) + weight * (mean[channel] as number);
  });
  return {
    kernel,
    scale: scale.map((factor) => factor / 255),
    bias: bias.map((value, i) => value - ((sums[i] as number) * (scale[i] as number)) / 255),
  };
}
