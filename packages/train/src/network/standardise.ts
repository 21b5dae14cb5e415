import { imageSize, type ImageSet } from "@mien/format";
import { add, multiply } from "../tensor/native-ops.ts";
import { constantFloat, type NativeTensor } from "../tensor/native.ts";

/** How pixel values become numbers of mean 0 and variance 1: (pixel − mean) / deviation. */
export interface Standardisation {
  /** 0–255. */
  readonly mean: number;
  /** Standard deviation, at least 1e-3. */
  readonly deviation: number;
}

/**
 * Mean and standard deviation of all pixel values of some images.
 *
 * @param positions which images of the set; only training images, or the others would leak in.
 */
export function measureStandardisation(set: ImageSet, positions: Uint32Array): Standardisation {
  // Pixel values are whole numbers up to 255, so counting them is exact.
  const counts = new Float64Array(256);
  const size = imageSize(set);
  for (const position of positions) {
    const end = (position + 1) * size;
    for (let i = position * size; i < end; i++) counts[set.pixels[i] as number]! += 1;
  }
  const total = counts.reduce((sum, count) => sum + count, 0);
  const mean = counts.reduce((sum, count, value) => sum + count * value, 0) / total;
  const squares = counts.reduce((sum, count, value) => sum + count * (value - mean) ** 2, 0);
  return { mean, deviation: Math.max(1e-3, Math.sqrt(squares / total)) };
}

/** Standardises float32 images 0–255. */
export function standardise(
  images: NativeTensor,
  { mean, deviation }: Standardisation,
): NativeTensor {
  const scaled = multiply(images, constantFloat(1 / deviation));
  return add(scaled, constantFloat(-mean / deviation));
}
