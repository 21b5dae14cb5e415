/** How two models differ on the same images. */
export interface McNemar {
  /** Images that only the first model gets right. */
  readonly onlyFirst: number;
  /** Images that only the second model gets right. */
  readonly onlySecond: number;
  /** Two-sided probability of a difference at least this large if both were equally good, 0–1. */
  readonly p: number;
}

/**
 * McNemar's exact test (1947): whether two models that answered the same images differ by more
 * than chance.
 *
 * @param first [N], whether the first model was right about each image.
 * @param second [N], likewise.
 */
export function mcnemar(first: readonly boolean[], second: readonly boolean[]): McNemar {
  const onlyFirst = first.filter((right, i) => right && !second[i]).length;
  const onlySecond = second.filter((right, i) => right && !first[i]).length;
  return { onlyFirst, onlySecond, p: binomialTest(onlyFirst, onlyFirst + onlySecond) };
}

/** Two-sided probability of `successes` or something as unlikely in fair trials. */
function binomialTest(successes: number, trials: number): number {
  const fewer = Math.min(successes, trials - successes);
  // In logarithms, as 2^-trials is 0 to a computer from 1,075 trials on.
  let logTerm = -trials * Math.LN2;
  let tail = Math.exp(logTerm);
  for (let k = 1; k <= fewer; k++) {
    logTerm += Math.log((trials - k + 1) / k);
    tail += Math.exp(logTerm);
  }
  return Math.min(1, 2 * tail);
}

/**
 * Probabilities adjusted for asking several questions at once (Holm 1979): each may be compared
 * with the usual 0.05 again.
 */
export function holm(probabilities: readonly number[]): number[] {
  const order = [...probabilities.keys()].sort(
    (a, b) => (probabilities[a] as number) - (probabilities[b] as number),
  );
  const adjusted = new Array<number>(probabilities.length);
  let largest = 0;
  order.forEach((index, rank) => {
    const factor = probabilities.length - rank;
    largest = Math.max(largest, Math.min(1, factor * (probabilities[index] as number)));
    adjusted[index] = largest;
  });
  return adjusted;
}
