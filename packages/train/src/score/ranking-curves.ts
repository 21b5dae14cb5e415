import { itemAt, type SplitMetrics } from "@mien/format";
import { meanOfKnown, total } from "./total.ts";

/** A point of a curve, each value 0–1. */
export type CurvePoint = readonly [x: number, y: number];

/**
 * How well the probability of one class separates the images of this class (positives) from the
 * images of all other classes (negatives). Each curve has one point for each different probability,
 * taken as a threshold: images with at least this probability are taken for the class. Images with
 * equal probabilities are therefore above a threshold together.
 */
export interface ClassCurves {
  /** Number of positives. */
  readonly positives: number;
  /** Number of negatives. */
  readonly negatives: number;
  /**
   * The receiver operating characteristic (Fawcett 2006): [false positive rate, true positive rate],
   * from [0, 0] to [1, 1]. Empty without positives or without negatives.
   */
  readonly roc: readonly CurvePoint[];
  /**
   * The area under `roc` with straight lines between its points, 0–1: the probability that a
   * positive has a higher probability than a negative, where an equal one counts half. Null without
   * positives or without negatives.
   */
  readonly rocAuc: number | null;
  /**
   * [recall, precision], by falling threshold. The first point is [0, 1] by convention, for a
   * threshold above all probabilities. Empty without positives.
   */
  readonly precisionRecall: readonly CurvePoint[];
  /**
   * The sum over the thresholds of precision × increase of recall, 0–1. It is the area under
   * `precisionRecall` in steps; straight lines would give too large an area (Davis and Goadrich
   * 2006). Null without positives.
   */
  readonly averagePrecision: number | null;
}

/**
 * The curves of each class against all others.
 *
 * @param probabilities [N, classes] row-major.
 * @param labels [N], the true class of each row.
 * @param classes number of classes.
 */
export function classCurves(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): ClassCurves[] {
  return Array.from({ length: classes }, (_, c) => {
    const ranked = Array.from(labels, (label, i) => ({
      probability: itemAt(probabilities, i * classes + c),
      isPositive: label === c,
    })).sort((a, b) => b.probability - a.probability);
    let [positives, negatives] = [0, 0];
    const thresholds = ranked.flatMap(({ probability, isPositive }, i) => {
      if (isPositive) positives += 1;
      else negatives += 1;
      return ranked[i + 1]?.probability === probability ? [] : [{ positives, negatives }];
    });
    const roc = thresholds.map((above): CurvePoint => [
      above.negatives / negatives,
      above.positives / positives,
    ]);
    const precisionRecall = thresholds.map((above): CurvePoint => [
      above.positives / positives,
      above.positives / (above.positives + above.negatives),
    ]);
    return {
      positives,
      negatives,
      ...(positives > 0 && negatives > 0
        ? { roc: [[0, 0], ...roc], rocAuc: area([[0, 0], ...roc], 0.5) }
        : { roc: [], rocAuc: null }),
      ...(positives > 0
        ? {
            precisionRecall: [[0, 1], ...precisionRecall],
            averagePrecision: area([[0, 1], ...precisionRecall], 1),
          }
        : { precisionRecall: [], averagePrecision: null }),
    };
  });
}

/**
 * The area under a curve between x of its first and of its last point.
 *
 * @param weight of the right point in the height between two points: 0.5 for straight lines, 1 for
 *   steps.
 */
function area(points: readonly CurvePoint[], weight: number): number {
  const parts = points.slice(1).map(([x, y], i) => {
    const [left, before] = itemAt(points, i);
    return (x - left) * (weight * y + (1 - weight) * before);
  });
  return total(parts);
}

/** The areas under the curves of each class, and their means, as `metrics.json` holds them. */
export function rankingScores(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): Required<
  Pick<SplitMetrics, "rocAuc" | "meanRocAuc" | "averagePrecision" | "meanAveragePrecision">
> {
  const curves = classCurves(probabilities, labels, classes);
  const rocAuc = curves.map((curve) => curve.rocAuc);
  const averagePrecision = curves.map((curve) => curve.averagePrecision);
  return {
    rocAuc,
    meanRocAuc: meanOfKnown(rocAuc),
    averagePrecision,
    meanAveragePrecision: meanOfKnown(averagePrecision),
  };
}
