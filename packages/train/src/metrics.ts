import type { PartMetrics } from "@mien/format";

/** The 97.5 % quantile of the standard normal distribution. */
const Z95 = 1.959964;

/** Probabilities below this count as this in the loss, so that one sure mistake is not infinite. */
const SMALLEST_PROBABILITY = 1e-12;

/**
 * Scores predictions against labels.
 *
 * @param probabilities [N, classes] row-major; the highest is the prediction, the first of equals.
 * @param labels [N], the true class of each row.
 * @param classes number of classes.
 */
export function scorePredictions(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): PartMetrics {
  const images = labels.length;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let loss = 0;
  for (let i = 0; i < images; i++) {
    const label = labels[i] as number;
    let best = 0;
    for (let c = 1; c < classes; c++) {
      const at = i * classes;
      if ((probabilities[at + c] as number) > (probabilities[at + best] as number)) best = c;
    }
    (confusion[label] as number[])[best]! += 1;
    const probability = probabilities[i * classes + label] as number;
    loss -= Math.log(Math.max(probability, SMALLEST_PROBABILITY));
  }
  const hits = confusion.map((row, c) => row[c] as number);
  const actual = confusion.map(total);
  const predicted = confusion.map((_, c) => total(confusion.map((row) => row[c] as number)));
  // A class that is neither there nor predicted has no F1.
  const f1 = hits
    .map((hit, c) => (2 * hit) / ((actual[c] as number) + (predicted[c] as number)))
    .filter((value) => !Number.isNaN(value));
  return {
    images,
    accuracy: total(hits) / images,
    accuracyInterval: wilsonInterval(total(hits), images),
    macroF1: total(f1) / f1.length,
    loss: loss / images,
    recall: hits.map((hit, c) => (actual[c] === 0 ? null : hit / (actual[c] as number))),
    confusion,
  };
}

/**
 * The 95 % score interval of a proportion (Wilson 1927), which stays honest near 0 and 1.
 *
 * @returns lower and upper bound, 0–1; [0, 1] if there were no trials.
 */
export function wilsonInterval(successes: number, trials: number): [number, number] {
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const weight = Z95 ** 2 / trials;
  const centre = (share + weight / 2) / (1 + weight);
  const half = (Z95 * Math.sqrt((share * (1 - share) + weight / 4) / trials)) / (1 + weight);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** A confusion matrix with each row divided by its sum; rows without images are NaN. */
export function normalisedConfusion(confusion: PartMetrics["confusion"]): number[][] {
  return confusion.map((row) => row.map((count) => count / total(row)));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
