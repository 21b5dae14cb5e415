/** The result of McNemar's test of two models on the same images. */
export interface McNemar {
  /** Number of images that only the first model predicts correctly. */
  readonly onlyFirst: number;
  /** Number of images that only the second model predicts correctly. */
  readonly onlySecond: number;
  /** Two-sided probability of at least this difference if both models were equally good, 0–1. */
  readonly p: number;
}

/**
 * McNemar's exact test (1947): whether the accuracies of two models on the same images differ by
 * more than chance.
 *
 * @param first [N], whether the first model is correct on each image.
 * @param second [N], the same for the second model.
 */
export function mcnemar(first: readonly boolean[], second: readonly boolean[]): McNemar {
  const onlyFirst = first.filter((correct, i) => correct && !second[i]).length;
  const onlySecond = second.filter((correct, i) => correct && !first[i]).length;
  return { onlyFirst, onlySecond, p: binomialTest(onlyFirst, onlyFirst + onlySecond) };
}

/** Two-sided probability of a result at least as extreme in trials with a probability of 1/2. */
function binomialTest(successes: number, trials: number): number {
  const fewer = Math.min(successes, trials - successes);
  // In logarithms, because 2^-trials underflows to 0 from 1,075 trials on.
  let logTerm = -trials * Math.LN2;
  let tail = Math.exp(logTerm);
  for (let k = 1; k <= fewer; k++) {
    logTerm += Math.log((trials - k + 1) / k);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
}

/**
 * P-values adjusted for multiple tests by Holm's method (1979), in the given order. They can be
 * compared with the usual level, 0.05.
 */
export function holm(pValues: readonly number[]): number[] {
  const sorted = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  sorted.forEach(({ p, index }, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * p));
    adjusted[index] = largest;
  });
  return adjusted;
}
