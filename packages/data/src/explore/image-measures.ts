import { imageAt, imageCount, type ImageSet } from "@mien/format";

import { momentsOf } from "../near/moments.ts";

/** Measures of every image of a set, [N] each, of the mean of its channels. */
export interface ImageMeasures {
  /** Brightness: mean of the values, 0–255. */
  readonly brightness: Float64Array;
  /** Contrast: standard deviation of the values, 0–127.5. */
  readonly contrast: Float64Array;
  /**
   * Sharpness: standard deviation of the image's Laplacian, divided by the contrast. 0 for an image
   * without contrast; about 0.2 for an image out of focus, 0.84 for half of FER2013, and 4.5 for
   * noise. Unlike the variance of the Laplacian alone, it does not depend on the contrast.
   */
  readonly sharpness: Float64Array;
}

/** Images with a shorter side of at least twice this length are reduced before sharpness is measured. */
const SHARPNESS_SIDE = 48;

/** Measures brightness, contrast and sharpness of every image. */
export function measureImages(set: ImageSet): ImageMeasures {
  const count = imageCount(set);
  const [brightness, contrast, sharpness] = [
    new Float64Array(count),
    new Float64Array(count),
    new Float64Array(count),
  ];
  const { height, width, channels } = set;
  const factor = Math.max(1, Math.floor(Math.min(height, width) / SHARPNESS_SIDE));
  const [rows, columns] = [Math.floor(height / factor), Math.floor(width / factor)];
  const grey = new Float64Array(height * width);
  const small = factor === 1 ? grey : new Float64Array(rows * columns);
  for (let i = 0; i < count; i++) {
    const pixels = imageAt(set, i);
    for (let k = 0; k < grey.length; k++) {
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += pixels[k * channels + c] ?? 0;
      grey[k] = sum / channels;
    }
    const whole = momentsOf(grey);
    brightness[i] = whole.mean;
    contrast[i] = whole.deviation;
    if (factor > 1) reduce(grey, small, { factor, rows, columns, width });
    sharpness[i] = whole.deviation === 0 ? 0 : sharpnessOf(small, rows, columns);
  }
  return { brightness, contrast, sharpness };
}

/** Averages squares of factor × factor pixels. */
function reduce(
  from: Float64Array,
  to: Float64Array,
  size: { factor: number; rows: number; columns: number; width: number },
): void {
  const { factor, rows, columns, width } = size;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let sum = 0;
      for (let v = 0; v < factor; v++) {
        for (let u = 0; u < factor; u++)
          sum += from[(y * factor + v) * width + x * factor + u] ?? 0;
      }
      to[y * columns + x] = sum / (factor * factor);
    }
  }
}

/** @param grey [rows, columns]. */
function sharpnessOf(grey: Float64Array, rows: number, columns: number): number {
  const { deviation: contrast } = momentsOf(grey);
  if (rows < 3 || columns < 3 || contrast === 0) return 0;
  const at = (place: number) => grey[place] ?? 0;
  let [sum, squares] = [0, 0];
  for (let y = 1; y < rows - 1; y++) {
    for (let p = y * columns + 1; p < (y + 1) * columns - 1; p++) {
      const value = 4 * at(p) - at(p - 1) - at(p + 1) - at(p - columns) - at(p + columns);
      sum += value;
      squares += value * value;
    }
  }
  const count = (rows - 2) * (columns - 2);
  return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) / contrast;
}
