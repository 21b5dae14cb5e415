import { predictedClasses, rowsOf } from "./predicted-classes.ts";
import { total } from "./total.ts";

/** The number of bins of equal width over the confidence, for the expected calibration error. */
export const CALIBRATION_BINS = 15;

/** The predictions whose confidence falls into one bin. */
export interface CalibrationBin {
  /** Number of predictions. */
  readonly images: number;
  /** Mean of the highest probabilities, 0–1; NaN without images. */
  readonly confidence: number;
  /** Share of the predictions that are correct, 0–1; NaN without images. */
  readonly accuracy: number;
}

/**
 * Sorts predictions into `CALIBRATION_BINS` bins by confidence. A bin contains its upper bound but
 * not its lower bound.
 *
 * @param probabilities [N, classes], rows sum to 1.
 * @param labels [N], the true class of each row.
 */
export function calibrationBins(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): CalibrationBin[] {
  const predictions = predictedClasses(probabilities, classes);
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({
    images: 0,
    confidence: 0,
    correct: 0,
  }));
  rowsOf(probabilities, classes).forEach((row, i) => {
    const confidence = Math.min(1, Math.max(...row));
    const bin = bins[Math.max(0, Math.ceil(confidence * CALIBRATION_BINS) - 1)]!;
    bin.images += 1;
    bin.confidence += confidence;
    if (predictions[i] === labels[i]) bin.correct += 1;
  });
  return bins.map(({ images, confidence, correct }) => {
    return { images, confidence: confidence / images, accuracy: correct / images };
  });
}

/**
 * The expected calibration error (ECE, Naeini et al. 2015): the mean distance between accuracy and
 * confidence, 0–1.
 */
export function expectedCalibrationError(bins: readonly CalibrationBin[]): number {
  const filled = bins.filter(({ images }) => images > 0);
  const images = total(filled.map((bin) => bin.images));
  return total(filled.map((bin) => bin.images * Math.abs(bin.accuracy - bin.confidence))) / images;
}
