import type { PartMetrics, Score } from "@mien/format";
import { applyTemperature, onlyLabelled } from "./calibration.ts";
import { calibrationError, meanLoss, reliability, scorePredictions } from "./metrics.ts";
import type { Predictions } from "./predictions.ts";

/**
 * Scores predictions in every way: plain, calibrated, averaged over views, on images without a
 * copy in training, and all that again by the FER+ votes where they are known. What no image is
 * left for is left out.
 *
 * @param temperature of the model's calibration; undefined leaves the calibrated figures out.
 */
export function judge(predictions: Predictions, temperature?: number): PartMetrics {
  const own = judgeBy(predictions, predictions.labels, temperature);
  if (!predictions.votes?.some((winner) => winner >= 0)) return own;
  return { ...own, byVotes: judgeBy(predictions, predictions.votes as Int32Array, temperature) };
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
