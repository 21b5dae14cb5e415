import { itemAt, type SplitMetrics } from "@mien/format";
import { calibrationBins, expectedCalibrationError } from "./calibration-error.ts";
import { predictedClasses, rowsOf } from "./predicted-classes.ts";
import { meanOfKnown, total } from "./total.ts";

/** The 97.5 % quantile of the standard normal distribution. */
const Z95 = 1.959964;

/** The least probability in the loss; without it, one probability of 0 would make the loss infinite. */
const SMALLEST_PROBABILITY = 1e-12;

/**
 * The metrics of predictions against labels.
 *
 * @param probabilities [N, classes] row-major; the class with the highest is the prediction; of
 *   several, the first.
 * @param labels [N], the true class of each row.
 * @param classes number of classes.
 */
export function scorePredictions(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): SplitMetrics {
  const predictions = predictedClasses(probabilities, classes);
  const counts = new Uint32Array(classes * classes);
  const cells = Array.from(labels, (label, i) => label * classes + itemAt(predictions, i));
  for (const cell of cells) counts[cell]! += 1;
  const confusion = Array.from({ length: classes }, (_, label) => [
    ...counts.subarray(label * classes, (label + 1) * classes),
  ]);
  return {
    ...scoreConfusion(confusion),
    top2Accuracy: top2Accuracy(probabilities, labels, classes),
    loss: meanLoss(probabilities, labels, classes),
    ece: expectedCalibrationError(calibrationBins(probabilities, labels, classes)),
  };
}

/** The metrics that a confusion matrix determines. */
type ConfusionMetrics = Required<Pick<SplitMetrics, ConfusionKey>>;
type ConfusionKey =
  | ("images" | "accuracy" | "accuracyInterval" | "macroF1" | "meanRecall")
  | ("recall" | "precision" | "f1" | "confusion");

/**
 * Accuracy, recall, precision and F1 from a confusion matrix.
 *
 * @param confusion [actual][predicted] counts.
 */
export function scoreConfusion(confusion: SplitMetrics["confusion"]): ConfusionMetrics {
  const byClass = confusion.map((row, c) => {
    const correct = itemAt(row, c);
    const actual = total(row);
    const predicted = total(confusion.map((other) => itemAt(other, c)));
    return {
      correct,
      actual,
      recall: share(correct, actual),
      precision: share(correct, predicted),
      f1: share(2 * correct, actual + predicted),
    };
  });
  const images = total(byClass.map(({ actual }) => actual));
  const correct = total(byClass.map((one) => one.correct));
  const recall = byClass.map((one) => one.recall);
  const f1 = byClass.map((one) => one.f1);
  return {
    images,
    accuracy: correct / images,
    accuracyInterval: wilsonInterval(correct, images),
    macroF1: meanOfKnown(f1) ?? NaN,
    meanRecall: meanOfKnown(recall) ?? NaN,
    recall,
    precision: byClass.map(({ precision }) => precision),
    f1,
    confusion,
  };
}

/** A share; null if the whole is 0, e.g. for the recall of a class without images. */
function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/**
 * The share of images whose label is among the two most probable classes, 0–1. Of classes with
 * equal probabilities, the one with the lower index ranks higher, as in `predictedClasses`.
 *
 * @param probabilities [N, classes] row-major.
 * @param labels [N], the true class of each row.
 */
function top2Accuracy(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const found = rowsOf(probabilities, classes).filter((row, i) => {
    const label = itemAt(labels, i);
    const ofLabel = itemAt(row, label);
    const higher = row.filter((p, c) => p > ofLabel || (p === ofLabel && c < label));
    return higher.length < 2;
  });
  return found.length / labels.length;
}

/** Mean cross-entropy in nats of probabilities [N, classes] against labels [N]. */
export function meanLoss(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): number {
  const ofLabels = Array.from(labels, (label, i) => itemAt(probabilities, i * classes + label));
  let loss = 0;
  for (const probability of ofLabels) {
    loss -= Math.log(Math.max(probability, SMALLEST_PROBABILITY));
  }
  return loss / labels.length;
}

/**
 * The 95 % score interval of a proportion (Wilson 1927), which stays within 0 and 1.
 *
 * @returns lower and upper bound, 0–1; [0, 1] without trials.
 * @internal exported for tests.
 */
export function wilsonInterval(successes: number, trials: number): [number, number] {
  if (trials === 0) return [0, 1];
  const proportion = successes / trials;
  const weight = Z95 ** 2 / trials;
  const centre = (proportion + weight / 2) / (1 + weight);
  const half =
    (Z95 * Math.sqrt((proportion * (1 - proportion) + weight / 4) / trials)) / (1 + weight);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** A confusion matrix with each row divided by its sum; rows without images are NaN. */
export function normalisedConfusion(confusion: SplitMetrics["confusion"]): number[][] {
  return confusion.map((row) => row.map((count) => count / total(row)));
}
