import { imageAt, itemAt, type ImageSet } from "@mien/format";

/** Mean and standard deviation of all pixel values, for each channel, 0–255. */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Computes the statistics of all images, and those of the Training split. */
export function measurePixels(set: ImageSet): { all: PixelStatistics; training: PixelStatistics } {
  const { channels } = set;
  // [channel][value], number of pixels; the second list counts the Training split only.
  const counts = [0, 1].map(() => Array.from({ length: channels }, () => new Float64Array(256)));
  const [every, first] = [itemAt(counts, 0), itemAt(counts, 1)];
  for (const [i, usage] of set.usage.entries()) {
    const pixels = imageAt(set, i);
    for (let c = 0; c < channels; c++) {
      const into = itemAt(usage === 0 ? first : every, c);
      for (let k = c; k < pixels.length; k += channels) {
        const value = pixels[k] ?? 0;
        into[value] = (into[value] ?? 0) + 1;
      }
    }
  }
  const sums = every.map((count, c) =>
    count.map((n, value) => n + itemAt(itemAt(first, c), value)),
  );
  return { all: statistics(sums), training: statistics(first) };
}

function statistics(counts: readonly Float64Array[]): PixelStatistics {
  const moments = counts.map((count) => {
    const pixels = Math.max(
      1,
      count.reduce((sum, n) => sum + n, 0),
    );
    const mean = count.reduce((sum, n, value) => sum + n * value, 0) / pixels;
    const variance = count.reduce((sum, n, value) => sum + n * (value - mean) ** 2, 0) / pixels;
    return { mean, deviation: Math.sqrt(variance) };
  });
  return {
    mean: moments.map(({ mean }) => mean),
    deviation: moments.map(({ deviation }) => deviation),
  };
}
