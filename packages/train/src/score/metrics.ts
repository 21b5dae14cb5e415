import type { PartMetrics } from "@mien/format";

/** The 97.5 % quantile of the standard normal distribution. */
const Z95 = 1.959964;

/** Probabilities below this count as this in the loss, so that one sure mistake is not infinite. */
const SMALLEST_PROBABILITY = 1e-12;

/** Bins of equal width in which confidence and accuracy are compared. */
export const CALIBRATION_BINS = 15;

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
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const predictions = predictedClasses(probabilities, classes);
  for (let i = 0; i < labels.length; i++) {
    (confusion[labels[i] as number] as number[])[predictions[i] as number]! += 1;
  }
  return {
    ...scoreConfusion(confusion),
    loss: meanLoss(probabilities, labels, classes),
    ece: calibrationError(reliability(probabilities, labels, classes)),
  };
}

/** The class with the highest probability in each row of [N, classes], the first of equals: [N]. */
export function predictedClasses(probabilities: Float32Array, classes: number): Uint8Array {
  return Uint8Array.from({ length: probabilities.length / classes }, (_, i) => {
    const row = probabilities.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row));
  });
}

/**
 * What a confusion matrix says.
 *
 * @param confusion [actual][predicted] counts.
 */
export function scoreConfusion(
  confusion: PartMetrics["confusion"],
): Required<Omit<PartMetrics, OtherFigures>> {
  const hits = confusion.map((row, c) => row[c] as number);
  const actual = confusion.map(total);
  const predicted = confusion.map((_, c) => total(confusion.map((row) => row[c] as number)));
  const images = total(actual);
  // A class that is neither there nor predicted has no F1.
  const share = (parts: number, whole: number) => (whole === 0 ? null : parts / whole);
  const recall = hits.map((hit, c) => share(hit, actual[c] as number));
  const precision = hits.map((hit, c) => share(hit, predicted[c] as number));
  const f1 = hits.map((hit, c) => share(2 * hit, (actual[c] as number) + (predicted[c] as number)));
  return {
    images,
    accuracy: total(hits) / images,
    accuracyInterval: wilsonInterval(total(hits), images),
    macroF1: meanOf(f1),
    meanRecall: meanOf(recall),
    recall,
    precision,
    f1,
    confusion,
  };
}

type OtherFigures = "loss" | "ece" | "calibrated" | "leakFree" | "averaged" | "byVotes" | "mixed";

/** Mean cross-entropy in nats of probabilities [N, classes] against labels [N]. */
export function meanLoss(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): number {
  let loss = 0;
  for (let i = 0; i < labels.length; i++) {
    const probability = probabilities[i * classes + (labels[i] as number)] as number;
    loss -= Math.log(Math.max(probability, SMALLEST_PROBABILITY));
  }
  return loss / labels.length;
}

/** Predictions of about the same confidence. */
export interface ReliabilityBin {
  readonly images: number;
  /** Mean of the highest probabilities, 0–1; NaN without images. */
  readonly confidence: number;
  /** Share of the predictions that are right, 0–1; NaN without images. */
  readonly accuracy: number;
}

/** Confidence and accuracy in 15 bins of equal width, each without its lower and with its upper end. */
export function reliability(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): ReliabilityBin[] {
  const predictions = predictedClasses(probabilities, classes);
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ images: 0, sure: 0, right: 0 }));
  predictions.forEach((prediction, i) => {
    const confidence = Math.min(1, probabilities[i * classes + prediction] as number);
    const bin = bins[Math.max(0, Math.ceil(confidence * CALIBRATION_BINS) - 1)]!;
    bin.images += 1;
    bin.sure += confidence;
    if (prediction === labels[i]) bin.right += 1;
  });
  return bins.map(({ images, sure, right }) => {
    return { images, confidence: sure / images, accuracy: right / images };
  });
}

/** Expected calibration error (Naeini et al. 2015): the mean distance of accuracy and confidence, 0–1. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const filled = bins.filter(({ images }) => images > 0);
  const images = total(filled.map((bin) => bin.images));
  return total(filled.map((bin) => bin.images * Math.abs(bin.accuracy - bin.confidence))) / images;
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

/** The sum of some numbers. */
export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function meanOf(values: readonly (number | null)[]): number {
  const known = values.filter((value) => value !== null);
  return total(known) / known.length;
}
