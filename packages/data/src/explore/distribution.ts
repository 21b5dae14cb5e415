import { USAGES, type Usage } from "@mien/format";
import type { ClassCounts } from "./counts.ts";

/** How far the classes' shares in one part are from those in another. */
export interface PartDifference {
  readonly parts: readonly [Usage, Usage];
  /** Total variation distance: half the sum of the shares' absolute differences, 0–1. */
  readonly distance: number;
  /** What two random parts of these sizes would differ by on average. */
  readonly byChance: number;
  /**
   * `same`: no more than chance explains; `slight`: more, but under 5 %; `clear`: more than that.
   */
  readonly verdict: "same" | "slight" | "clear";
}

/** Beyond this many times the average by chance, chance is no explanation. */
const CHANCE_LIMIT = 2;

/** From this distance on, figures of two parts cannot be compared without weighting. */
const CLEAR_DISTANCE = 0.05;

/** Compares each pair of parts that both have images. */
export function compareParts(counts: ClassCounts): PartDifference[] {
  const pairs = USAGES.flatMap((a, i) => USAGES.slice(i + 1).map((b) => [a, b] as const));
  return pairs.flatMap(([a, b]) => {
    const [countsA, countsB] = [a, b].map((part) => {
      const usage = USAGES.indexOf(part);
      return counts.map((row) => row[usage] as number);
    }) as [number[], number[]];
    const [totalA, totalB] = [sumOf(countsA), sumOf(countsB)];
    if (totalA === 0 || totalB === 0) return [];
    const distance =
      sumOf(countsA.map((n, k) => Math.abs(n / totalA - (countsB[k] as number) / totalB))) / 2;
    const pooled = countsA.map((n, k) => (n + (countsB[k] as number)) / (totalA + totalB));
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
