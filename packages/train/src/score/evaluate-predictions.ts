import type { Score, SplitMetrics } from "@mien/format";
import { calibrationBins, expectedCalibrationError } from "./calibration-error.ts";
import { applyTemperature, labelledRows, weightedErrors, weightedLabels } from "./calibration.ts";
import { meanLoss, scorePredictions } from "./metrics.ts";
import type { Predictions } from "./predictions.ts";
import { rankingScores } from "./ranking-curves.ts";

/**
 * All metrics of predictions: plain, calibrated, with averaged probabilities, and without images
 * that have a copy in the training split, without those that have a near-copy there; and all of these again by the FER+ votes if they are
 * known. Metrics of no images are left out.
 *
 * @param temperature of the model's calibration; if undefined, the calibrated metrics are left out.
 * @param voteShare share of the votes in the targets of the training, 0–1; default 0.
 */
export function evaluatePredictions(
  predictions: Predictions,
  temperature?: number,
  voteShare = 0,
): SplitMetrics {
  const own = evaluateAgainst(predictions, predictions.labels, temperature);
  if (!predictions.votes?.some((winner) => winner >= 0)) return own;
  return {
    ...own,
    byVotes: evaluateAgainst(predictions, predictions.votes, temperature),
    ...(voteShare > 0 &&
      voteShare < 1 &&
      temperature !== undefined && { mixed: mixedMetrics(predictions, temperature, voteShare) }),
  };
}

/** @param truth [N] class, −1 for images that do not count. */
function evaluateAgainst(
  predictions: Predictions,
  truth: ArrayLike<number>,
  temperature: number | undefined,
): SplitMetrics {
  const classes = predictions.classes.length;
  const { averaged, copied, nearCopied } = predictions;
  const { probabilities, labels } = labelledRows(predictions.probabilities, truth, classes);
  const plain = scorePredictions(probabilities, labels, classes);
  const without = (left: Uint8Array) =>
    Int16Array.from(truth, (label, i) => (left[i] ? -1 : label));
  const leakFree = without(copied);
  const nearLeakFree = nearCopied && without(nearCopied);
  const score = (of: Float32Array, by: ArrayLike<number>): Score => {
    const labelled = labelledRows(of, by, classes);
    return scoreOf(scorePredictions(labelled.probabilities, labelled.labels, classes));
  };
  return {
    ...plain,
    ...rankingScores(probabilities, labels, classes),
    ...(temperature !== undefined && {
      calibrated: calibratedMetrics(probabilities, labels, { classes, temperature }),
    }),
    ...(leakFree.some((label) => label >= 0) && {
      leakFree: score(predictions.probabilities, leakFree),
    }),
    ...(nearLeakFree?.some((label) => label >= 0) && {
      nearLeakFree: score(predictions.probabilities, nearLeakFree),
    }),
    ...(averaged && { averaged: score(averaged, truth) }),
  };
}

/** Calibration errors by labels and votes together, for a model that was trained on both. */
function mixedMetrics(
  { probabilities, classes, labels, votes }: Predictions,
  temperature: number,
  voteShare: number,
): NonNullable<SplitMetrics["mixed"]> {
  const targets = weightedLabels({ own: labels, votes, voteShare });
  const eceOf = (of: Float32Array) => weightedErrors(of, classes.length, targets).ece;
  const calibrated = applyTemperature(probabilities, classes.length, temperature);
  return { ece: eceOf(probabilities), calibratedEce: eceOf(calibrated) };
}

function calibratedMetrics(
  probabilities: Float32Array,
  labels: Uint8Array,
  { classes, temperature }: { readonly classes: number; readonly temperature: number },
): NonNullable<SplitMetrics["calibrated"]> {
  const calibrated = applyTemperature(probabilities, classes, temperature);
  return {
    temperature,
    loss: meanLoss(calibrated, labels, classes),
    ece: expectedCalibrationError(calibrationBins(calibrated, labels, classes)),
  };
}

function scoreOf(metrics: SplitMetrics): Score {
  const { images, accuracy, accuracyInterval, top2Accuracy, macroF1, meanRecall } = metrics;
  return {
    images,
    accuracy,
    accuracyInterval,
    ...(top2Accuracy !== undefined && { top2Accuracy }),
    macroF1,
    ...(meanRecall !== undefined && { meanRecall }),
  };
}
