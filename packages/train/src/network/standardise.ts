import { imageAt, type ImageSet } from "@mien/format";
import { add, multiply } from "../tensor/native-ops.ts";
import { constantFloat, type NativeTensor } from "../tensor/native.ts";

/**
 * The linear map that gives pixel values a mean of 0 and a variance of 1: (pixel − mean) /
 * deviation.
 */
export interface Standardisation {
  /** 0–255. */
  readonly mean: number;
  /** Standard deviation, at least 1e-3. */
  readonly deviation: number;
}

/**
 * Mean and standard deviation of all pixel values of some images.
 *
 * @param positions of the images in the set; only training images, so that no other image leaks.
 */
export function measureStandardisation(set: ImageSet, positions: Uint32Array): Standardisation {
  // Counting the integer pixel values is exact, whatever their number.
  const counts = new Float64Array(256);
  for (const position of positions) {
    for (const value of imageAt(set, position)) counts[value]! += 1;
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const mean = counts.reduce((sum, count, value) => sum + count * value, 0) / total;
  const squares = counts.reduce((sum, count, value) => sum + count * (value - mean) ** 2, 0);
  return { mean, deviation: Math.max(1e-3, Math.sqrt(squares / total)) };
}

/** Standardises images: float32, 0–255, of any shape. */
export function standardise(
  images: NativeTensor,
  { mean, deviation }: Standardisation,
): NativeTensor {
  const scaled = multiply(images, constantFloat(1 / deviation));
  return add(scaled, constantFloat(-mean / deviation));
}
