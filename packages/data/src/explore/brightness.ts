import { imageAt, USAGES, type ImageSet } from "@mien/format";

/** Brightness and contrast of the images of a set. */
export interface Brightness {
  /** Mean of each image's values, 0–255. */
  readonly mean: Histogram;
  /** Standard deviation of each image's values, 0–127.5. */
  readonly contrast: Histogram;
  /** CSV rows of images with a standard deviation below `BLANK_BELOW`. */
  readonly blankRows: readonly number[];
}

/** A histogram over the images of each split. */
export interface Histogram {
  /** Edges of the equally wide bins; n bins have n + 1 edges. */
  readonly edges: readonly number[];
  /** [split][bin], share of the split's images, 0–1; splits in the order of `USAGES`. */
  readonly shares: readonly (readonly number[])[];
  /** Mean over all images. */
  readonly mean: number;
}

/** Standard deviation below which an image counts as blank, in grey values. */
export const BLANK_BELOW = 5;

const BINS = 32;

/** Measures brightness and contrast of every image. */
export function measureBrightness(set: ImageSet): Brightness {
  const count = set.labels.length;
  const means = new Float64Array(count);
  const deviations = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const pixels = imageAt(set, i);
    let sum = 0;
    let squares = 0;
    for (let k = 0; k < pixels.length; k++) {
      const value = pixels[k] as number;
      sum += value;
      squares += value * value;
    }
    const mean = sum / pixels.length;
    means[i] = mean;
    deviations[i] = Math.sqrt(Math.max(0, squares / pixels.length - mean * mean));
  }
  return {
    mean: histogram(means, set.usage, 255),
    contrast: histogram(deviations, set.usage, 127.5),
    blankRows: Array.from(set.row).filter((_, i) => (deviations[i] as number) < BLANK_BELOW),
  };
}

/** @param max the largest possible value. */
function histogram(values: Float64Array, usage: Uint8Array, max: number): Histogram {
  const shares = USAGES.map((_, code) => {
    const bins = new Array<number>(BINS).fill(0);
    let total = 0;
    values.forEach((value, i) => {
      if (usage[i] !== code) return;
      const bin = Math.min(BINS - 1, Math.floor((value / max) * BINS));
      bins[bin] = (bins[bin] as number) + 1;
      total++;
    });
    return bins.map((bin) => bin / Math.max(1, total));
  });
  return {
    edges: Array.from({ length: BINS + 1 }, (_, i) => (i * max) / BINS),
    shares,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}
