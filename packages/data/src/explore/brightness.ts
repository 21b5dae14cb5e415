import { itemAt, USAGES, type ImageSet } from "@mien/format";
import { measureImages, type ImageMeasures } from "./image-measures.ts";

/** Brightness, contrast and sharpness of the images of a set, and the images that have too little. */
export interface Brightness {
  /** Mean of each image's values, 0–255. */
  readonly mean: Histogram;
  /** Standard deviation of each image's values, 0–127.5. */
  readonly contrast: Histogram;
  /** Sharpness of each image; see `ImageMeasures`. Blank images are left out. */
  readonly sharpness: Histogram;
  /** CSV rows of images with a contrast below `BLANK_BELOW`; the lists below leave them out. */
  readonly blankRows: readonly number[];
  /** CSV rows of images with a brightness below `DARK_BELOW`, the darkest first. */
  readonly darkRows: readonly number[];
  /** CSV rows of images with a contrast below `LOW_CONTRAST_BELOW`, the lowest first. */
  readonly lowContrastRows: readonly number[];
  /** CSV rows of images with a sharpness below `BLURRED_BELOW`, the most blurred first. */
  readonly blurredRows: readonly number[];
  /** Quartiles of each measure by class and split. */
  readonly byClass: Readonly<Record<keyof ImageMeasures, readonly (readonly Quartiles[])[]>>;
}

/** A histogram over the images of each split. */
export interface Histogram {
  /** Edges of the equally wide bins; n bins have n + 1 edges. The last bin holds all larger values. */
  readonly edges: readonly number[];
  /** [split][bin], share of the split's images, 0–1; splits in the order of `USAGES`. */
  readonly shares: readonly (readonly number[])[];
  /** Mean over all images. */
  readonly mean: number;
}

/** 25th, 50th and 75th percentile; null for a split without images of the class. */
type Quartiles = readonly [number, number, number] | null;

/** Contrast below which an image counts as blank, in grey values. */
export const BLANK_BELOW = 5;
/** Contrast below which an image counts as one of low contrast, in grey values. */
export const LOW_CONTRAST_BELOW = 20;
/** Brightness below which an image counts as dark, in grey values. */
export const DARK_BELOW = 40;
/** Sharpness below which an image counts as blurred. */
export const BLURRED_BELOW = 0.35;
/** Images with a shorter side have too few pixels to tell whether they are blurred. */
const MIN_SIDE = 16;

const BINS = 32;
/** Upper ends of the histograms. Noise has a sharpness of about 4.5, few photographs one above 2. */
const MOST = { brightness: 255, contrast: 127.5, sharpness: 2 };

/** Measures brightness, contrast and sharpness of every image. */
export function measureBrightness(set: ImageSet): Brightness {
  const measures = measureImages(set);
  const { brightness, contrast, sharpness } = measures;
  const isBlank = (i: number) => itemAt(contrast, i) < BLANK_BELOW;
  const positions = [...set.labels.keys()];
  const visible = positions.filter((i) => !isBlank(i));
  const lowest = (values: Float64Array, below: number) =>
    visible
      .filter((i) => itemAt(values, i) < below)
      .sort((a, b) => itemAt(values, a) - itemAt(values, b))
      .map((i) => itemAt(set.row, i));
  return {
    mean: histogram(set, positions, { values: brightness, most: MOST.brightness }),
    contrast: histogram(set, positions, { values: contrast, most: MOST.contrast }),
    sharpness: histogram(set, visible, { values: sharpness, most: MOST.sharpness }),
    blankRows: positions.filter(isBlank).map((i) => itemAt(set.row, i)),
    darkRows: lowest(brightness, DARK_BELOW),
    lowContrastRows: lowest(contrast, LOW_CONTRAST_BELOW),
    blurredRows: Math.min(set.height, set.width) < MIN_SIDE ? [] : lowest(sharpness, BLURRED_BELOW),
    byClass: {
      brightness: quartiles(set, brightness),
      contrast: quartiles(set, contrast),
      sharpness: quartiles(set, sharpness),
    },
  };
}

/** @param given.most the upper end of the last bin. */
function histogram(
  set: ImageSet,
  positions: readonly number[],
  given: { readonly values: Float64Array; readonly most: number },
): Histogram {
  const { values, most } = given;
  const shares = USAGES.map((_, code) => {
    const bins = new Array<number>(BINS).fill(0);
    let total = 0;
    for (const i of positions) {
      if (set.usage[i] !== code) continue;
      const bin = Math.min(BINS - 1, Math.floor((itemAt(values, i) / most) * BINS));
      bins[bin] = itemAt(bins, bin) + 1;
      total++;
    }
    return bins.map((bin) => bin / Math.max(1, total));
  });
  return {
    edges: Array.from({ length: BINS + 1 }, (_, i) => (i * most) / BINS),
    shares,
    mean: positions.reduce((sum, i) => sum + itemAt(values, i), 0) / Math.max(1, positions.length),
  };
}

/** [class][split] */
function quartiles(set: ImageSet, values: Float64Array): Quartiles[][] {
  const members = set.classes.map(() => USAGES.map((): number[] => []));
  for (const [i, label] of set.labels.entries()) {
    itemAt(itemAt(members, label), itemAt(set.usage, i)).push(itemAt(values, i));
  }
  return members.map((splits) =>
    splits.map((list) => {
      if (list.length === 0) return null;
      const sorted = Float64Array.from(list).sort();
      return [quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)];
    }),
  );
}

/** A quantile between two values is interpolated, as numpy does by default; to three decimals. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  const value = itemAt(sorted, low) + (place - low) * (itemAt(sorted, high) - itemAt(sorted, low));
  return Math.round(1000 * value) / 1000;
}
