import { itemAt, USAGES, type Usage } from "@mien/format";
import type { ClassCounts } from "../set/counts.ts";

/** How much the class shares of two splits differ. */
export interface SplitDifference {
  readonly parts: readonly [Usage, Usage];
  /** Total variation distance: half the sum of the shares' absolute differences, 0–1. */
  readonly distance: number;
  /** Mean distance of two random splits of these sizes. */
  readonly byChance: number;
  /**
   * `same`: chance explains the distance; `slight`: it does not, but the distance is below 5 %;
   * `clear`: 5 % or more.
   */
  readonly verdict: "same" | "slight" | "clear";
}

/** If the distance exceeds its mean by chance by more than this factor, chance does not explain it. */
const CHANCE_LIMIT = 2;

/** From this distance on, figures of two splits can be compared only with weighting. */
const CLEAR_DISTANCE = 0.05;

/** Compares each pair of splits that have images. */
export function compareSplits(counts: ClassCounts): SplitDifference[] {
  const pairs = USAGES.flatMap((a, i) => USAGES.slice(i + 1).map((b) => [a, b] as const));
  return pairs.flatMap(([a, b]) => {
    const [countsA, countsB] = [a, b].map((part) => {
      const usage = USAGES.indexOf(part);
      return counts.map((row) => itemAt(row, usage));
    }) as [number[], number[]];
    const [totalA, totalB] = [sumOf(countsA), sumOf(countsB)];
    if (totalA === 0 || totalB === 0) return [];
    const distance =
      sumOf(countsA.map((n, k) => Math.abs(n / totalA - itemAt(countsB, k) / totalB))) / 2;
    const pooled = countsA.map((n, k) => (n + itemAt(countsB, k)) / (totalA + totalB));
    // Each difference of shares is nearly normal; the mean of |N(0, σ)| is σ·√(2/π).
    const spread = pooled.map((p) => Math.sqrt(p * (1 - p) * (1 / totalA + 1 / totalB)));
    const byChance = (Math.sqrt(2 / Math.PI) * sumOf(spread)) / 2;
    const verdict =
      distance <= CHANCE_LIMIT * byChance ? "same" : distance < CLEAR_DISTANCE ? "slight" : "clear";
    return [{ parts: [a, b], distance, byChance, verdict }];
  });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
