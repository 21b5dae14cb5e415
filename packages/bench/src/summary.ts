import type { Turn } from "./contender.ts";

/** The distribution of measured values, in their own unit. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  /** 99th percentile. */
  readonly p99: number;
}

/** Summarises values; every figure is NaN if there are none. */
export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    mean: mean(sorted),
    median: quantileOfSorted(sorted, 0.5),
    min: quantileOfSorted(sorted, 0),
    max: quantileOfSorted(sorted, 1),
    lowerQuartile: quantileOfSorted(sorted, 0.25),
    upperQuartile: quantileOfSorted(sorted, 0.75),
    p99: quantileOfSorted(sorted, 0.99),
  };
}

/** Summarises the durations of all calls of one contender, in milliseconds. */
export function summariseTurns(turns: readonly Turn[]): Summary {
  return summarise(turns.flatMap(({ durations }) => durations));
}

/**
 * Summarises the ratios of values that were measured in the same round, so that a slow moment of the
 * machine that affects both does not count.
 *
 * @param first numerators by round.
 * @param second denominators by round.
 */
export function summariseRatios(first: readonly number[], second: readonly number[]): Summary {
  return summarise(first.map((value, round) => value / (second[round] ?? NaN)));
}

/** The arithmetic mean; NaN for no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or the mean of the two middle ones; NaN for no values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which a share of the values lies, interpolated linearly between neighbours (type 7
 * of Hyndman and Fan, 1996); NaN for no values.
 *
 * @param share 0–1.
 */
export function quantile(values: readonly number[], share: number): number {
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    share,
  );
}

function quantileOfSorted(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const lower = sorted[Math.floor(position)] ?? NaN;
  const upper = sorted[Math.ceil(position)] ?? NaN;
  return lower + (upper - lower) * (position - Math.floor(position));
}
