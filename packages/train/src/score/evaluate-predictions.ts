import type { PartMetrics, Score } from "@mien/format";
import { applyTemperature, calibrationTargets, errorsBy, onlyLabelled } from "./calibration.ts";
import { calibrationError, meanLoss, reliability, scorePredictions } from "./metrics.ts";
import type { Predictions } from "./predictions.ts";

/**
 * Scores predictions in every way: plain, calibrated, averaged over views, on images without a
 * copy in training, and all that again by the FER+ votes where they are known. What no image is
 * left for is left out.
 *
 * @param temperature of the model's calibration; undefined leaves the calibrated figures out.
 * @param voteShare share of the votes in what the model learnt, 0–1.
 */
export function judge(predictions: Predictions, temperature?: number, voteShare = 0): PartMetrics {
  const own = judgeBy(predictions, predictions.labels, temperature);
  if (!predictions.votes?.some((winner) => winner >= 0)) return own;
  return {
    ...own,
    byVotes: judgeBy(predictions, predictions.votes, temperature),
    ...(voteShare > 0 &&
      voteShare < 1 &&
      temperature !== undefined && { mixed: mixedFigures(predictions, temperature, voteShare) }),
  };
}

/** @param truth [N] class, −1 for images that are left out. */
function judgeBy(
  predictions: Predictions,
  truth: ArrayLike<number>,
  temperature: number | undefined,
): PartMetrics {
  const classes = predictions.classes.length;
  const { averaged, copied } = predictions;
  const { probabilities, labels } = onlyLabelled(predictions.probabilities, truth, classes);
  const plain = scorePredictions(probabilities, labels, classes);
  const unseen = Int16Array.from(truth, (label, i) => (copied[i] ? -1 : label));
  const part = (of: Float32Array, by: ArrayLike<number>): Score => {
    const chosen = onlyLabelled(of, by, classes);
    return scoreOf(scorePredictions(chosen.probabilities, chosen.labels, classes));
  };
  return {
    ...plain,
    ...(temperature !== undefined && {
      calibrated: calibratedFigures(probabilities, labels, { classes, temperature }),
    }),
    ...(unseen.some((label) => label >= 0) && {
      leakFree: part(predictions.probabilities, unseen),
    }),
    ...(averaged && { averaged: part(averaged, truth) }),
  };
}

function mixedFigures(
  { probabilities, classes, labels, votes }: Predictions,
  temperature: number,
  voteShare: number,
): NonNullable<PartMetrics["mixed"]> {
  const targets = calibrationTargets({ own: labels, votes, voteShare });
  const eceOf = (of: Float32Array) => errorsBy(of, classes.length, targets).ece;
  const calibrated = applyTemperature(probabilities, classes.length, temperature);
  return { ece: eceOf(probabilities), calibratedEce: eceOf(calibrated) };
}

function calibratedFigures(
  probabilities: Float32Array,
  labels: Uint8Array,
  { classes, temperature }: { readonly classes: number; readonly temperature: number },
): NonNullable<PartMetrics["calibrated"]> {
  const calibrated = applyTemperature(probabilities, classes, temperature);
  return {
    temperature,
    loss: meanLoss(calibrated, labels, classes),
    ece: calibrationError(reliability(calibrated, labels, classes)),
  };
}

function scoreOf({ images, accuracy, accuracyInterval, macroF1, meanRecall }: PartMetrics): Score {
  return {
    images,
    accuracy,
    accuracyInterval,
    macroF1,
    ...(meanRecall !== undefined && { meanRecall }),
  };
}
