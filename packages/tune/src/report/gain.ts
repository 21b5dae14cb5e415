/** Difference in accuracy between two configurations. */
export interface Gain {
  /** Difference of the mean accuracies, −1 to 1. */
  readonly gain: number;
  /** 95 % interval of the difference. */
  readonly interval: readonly [number, number];
}

/** 97.5 % quantile of the standard normal distribution. */
const Z = 1.959964;

/** 97.5 % quantiles of Student's t distribution for 1, 2, … degrees of freedom; for more, Z is used. */
const T = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/**
 * Gain of `after` over `before` on the same images, both trained with several seeds.
 *
 * The uncertainty has two sources: the images (paired; the differences on the images are taken as
 * independent) and the seeds (of both configurations, by Student's t). The half width of the
 * interval is the root of the sum of both squares.
 *
 * @param before [seeds][images], whether each image was classified correctly.
 * @param after the same for the other configuration.
 */
export function gainOf(
  before: readonly (readonly boolean[])[],
  after: readonly (readonly boolean[])[],
): Gain {
  const accuracies = (runs: readonly (readonly boolean[])[]) =>
    runs.map((right) => mean(right.map(Number)));
  const [a, b] = [accuracies(before), accuracies(after)];
  const images = before[0]?.length ?? 0;
  const share = (runs: readonly (readonly boolean[])[], image: number) =>
    mean(runs.map((right) => Number(right[image])));
  const differences = Array.from(
    { length: images },
    (_, image) => share(after, image) - share(before, image),
  );
  const byImages = Z * Math.sqrt(variance(differences) / images);
  const freedom = a.length + b.length - 2;
  const t = freedom > 0 ? (T[freedom - 1] ?? Z) : 0;
  const bySeeds = t * Math.sqrt(variance(a) / a.length + variance(b) / b.length);
  const gain = mean(b) - mean(a);
  const half = Math.hypot(byImages, bySeeds);
  return { gain, interval: [gain - half, gain + half] };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The unbiased sample variance; 0 for a single value. */
function variance(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}
