import { itemAt } from "@mien/format";
import type { ByteGraph } from "./byte-graph.ts";

/**
 * Folds a subtraction of the mean colour and a division by 255 into the convolution without padding
 * that follows them.
 *
 * @param given.kernel name of the kernel, [height, width, 3, outputs].
 * @param given.mean of red, green and blue, 0–255.
 * @param given.scale factor of the kernel for each output.
 * @param given.bias added to each output.
 * @returns the name of the kernel, and the new scale and bias.
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
    sums[output] = itemAt(sums, output) + weight * itemAt(mean, channel);
  });
  return {
    kernel,
    scale: scale.map((factor) => factor / 255),
    bias: bias.map((value, i) => value - (itemAt(sums, i) * itemAt(scale, i)) / 255),
  };
}
