import { summariseTurns, type Turn } from "@mien/bench";

/** How long the calls of one contender took, in milliseconds. */
export interface CallRow {
  readonly name: string;
  /** Faces per call. */
  readonly batch: number;
  readonly calls: number;
  readonly mean: number;
  readonly median: number;
  /** 99th percentile. */
  readonly p99: number;
  /** Median milliseconds per face: `median` / `batch`. */
  readonly perFace: number;
}

export function callRow(name: string, batch: number, turns: readonly Turn[]): CallRow {
  const { count: calls, mean, median, p99 } = summariseTurns(turns);
  return { name, batch, calls, mean, median, p99, perFace: median / batch };
}
