import { itemAt } from "@mien/format";

/** Labels and probabilities of some images. */
export interface LabelledProbabilities {
  /** [n], index of the class. */
  readonly labels: ArrayLike<number>;
  /** [n, classes]. */
  readonly probabilities: Float32Array;
  /** Number of classes. */
  readonly classes: number;
}

/** The result of confident learning. */
export interface ConfidentLearning {
  /**
   * [classes], mean probability of a class over the images with this label. A class without images
   * has the threshold 1.
   */
  readonly thresholds: Float64Array;
  /**
   * [n], the class to which an image is counted with confidence: of the classes whose probability
   * reaches the threshold, the most probable one. −1 if no class reaches its threshold.
   */
  readonly confidentClass: Int16Array;
  /** [label][class], the confident joint: number of images with a label that are counted to a class. */
  readonly joint: readonly (readonly number[])[];
  /**
   * [label], estimated share of the images of a label that belong to other classes, 0–1: the
   * off-diagonal part of a row of the joint. 0 for a label without confident images.
   */
  readonly noise: readonly number[];
}

/** Tolerance of the comparison with a threshold, as in cleanlab. */
const TOLERANCE = 1e-6;

/**
 * Confident learning (Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in
 * Dataset Labels", JAIR 70, 2021, section 3.1): counts images to a class if its probability reaches
 * the mean probability that images of the class have.
 *
 * @param given probabilities by models that were not trained on the image.
 */
export function confidentLearning(given: LabelledProbabilities): ConfidentLearning {
  const { labels, probabilities, classes } = given;
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? 0;
    sums[label] = itemAt(sums, label) + itemAt(probabilities, i * classes + label);
    counts[label] = itemAt(counts, label) + 1;
  }
  const thresholds = sums.map((sum, k) => (counts[k] === 0 ? 1 : sum / itemAt(counts, k)));
  const joint = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const confidentClass = Int16Array.from({ length: labels.length }, (_, i) => {
    let best = -1;
    for (let k = 0; k < classes; k++) {
      const probability = itemAt(probabilities, i * classes + k);
      if (probability < itemAt(thresholds, k) - TOLERANCE) continue;
      if (best < 0 || probability > itemAt(probabilities, i * classes + best)) best = k;
    }
    const row = itemAt(joint, labels[i] ?? 0);
    if (best >= 0) row[best] = itemAt(row, best) + 1;
    return best;
  });
  const noise = joint.map((row, label) => {
    const all = row.reduce((sum, n) => sum + n, 0);
    return all === 0 ? 0 : 1 - itemAt(row, label) / all;
  });
  return { thresholds, confidentClass, joint, noise };
}
