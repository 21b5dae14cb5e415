import { random, type PartMetrics } from "@mien/format";
import { scoreConfusion } from "./metrics.ts";

/** How often the images are drawn anew. */
const ROUNDS = 1000;

/**
 * The 95 % percentile-bootstrap interval (Efron 1979) of a figure that has no formula for one.
 * Images are drawn with replacement within each class, as the classes' sizes are given and not
 * measured. The same matrix always gives the same interval.
 *
 * @param confusion [actual][predicted] counts.
 * @returns lower and upper bound, 0–1.
 */
export function bootstrapInterval(
  confusion: PartMetrics["confusion"],
  figure: "macroF1" | "meanRecall",
): [number, number] {
  const stream = random("bootstrap", figure);
  const drawn = confusion.map((row) => row.flatMap((count, c) => new Array<number>(count).fill(c)));
  const figures = Float64Array.from({ length: ROUNDS }, () => {
    const again = drawn.map((predictions) => {
      const counts = new Array<number>(confusion.length).fill(0);
      for (let i = 0; i < predictions.length; i++) {
        counts[predictions[stream.integer(predictions.length)] as number]! += 1;
      }
      return counts;
    });
    return scoreConfusion(again)[figure];
  }).sort();
  return [
    figures[Math.floor(0.025 * ROUNDS)] as number,
    figures[Math.ceil(0.975 * ROUNDS) - 1] as number,
  ];
}
