import { random, type SplitMetrics } from "@mien/format";
import { scoreConfusion } from "./metrics.ts";

/** Number of bootstrap samples. */
const SAMPLES = 1000;

/**
 * The 95 % percentile-bootstrap interval (Efron 1979) of a metric without a closed formula. Each
 * sample draws the images with replacement within each class, because the sizes of the classes are
 * given and not measured. The same matrix always gives the same interval.
 *
 * @param confusion [actual][predicted] counts.
 * @returns lower and upper bound, 0–1.
 */
export function bootstrapInterval(
  confusion: SplitMetrics["confusion"],
  metric: "macroF1" | "meanRecall",
): [number, number] {
  const stream = random("bootstrap", metric);
  const predictionsByClass = confusion.map((row) =>
    row.flatMap((count, c) => new Array<number>(count).fill(c)),
  );
  const values = Float64Array.from({ length: SAMPLES }, () => {
    const sample = predictionsByClass.map((predictions) => {
      const counts = new Array<number>(confusion.length).fill(0);
      for (let i = 0; i < predictions.length; i++) {
        counts[predictions[stream.integer(predictions.length)] ?? 0]! += 1;
      }
      return counts;
    });
    return scoreConfusion(sample)[metric];
  }).sort();
  const [low = NaN] = values.subarray(Math.floor(0.025 * SAMPLES));
  const [high = NaN] = values.subarray(Math.ceil(0.975 * SAMPLES) - 1);
  return [low, high];
}
