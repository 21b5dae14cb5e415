import { MienError } from "@mien/format";

/** Something whose speed is to be known. */
export interface Contender {
  readonly name: string;
  /** Does the work once. */
  readonly call: () => unknown;
}

/** What the calls of one contender took, in milliseconds. */
export interface Timing {
  readonly name: string;
  readonly calls: number;
  readonly mean: number;
  readonly median: number;
  /** 99 of 100 calls are at most this slow. */
  readonly p99: number;
}

/** A turn is short, so that whatever else the machine does falls on all contenders alike. */
const TURN_MS = 100;
const WARM_UP_CALLS = 3;

/**
 * Times contenders in alternating turns, whose order reverses from round to round.
 *
 * @param seconds of measuring for each contender; each makes at least one call a round.
 * @throws {MienError} `interrupted` on the signal.
 */
export async function timeAlternating(
  contenders: readonly Contender[],
  options: {
    readonly seconds: number;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (share: number) => void;
  },
): Promise<Timing[]> {
  const times = contenders.map((): number[] => []);
  for (const { call } of contenders) for (let i = 0; i < WARM_UP_CALLS; i++) await call();
  const rounds = Math.max(1, Math.round((options.seconds * 1000) / TURN_MS));
  for (let round = 0; round < rounds; round++) {
    const order = [...contenders.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      if (options.signal?.aborted) throw new MienError("interrupted", "the benchmark was stopped");
      const { call } = contenders[index] as Contender;
      const taken = times[index] as number[];
      const turn = performance.now();
      do {
        const start = performance.now();
        await call();
        taken.push(performance.now() - start);
      } while (performance.now() - turn < TURN_MS);
    }
    options.onProgress?.((round + 1) / rounds);
  }
  return contenders.map(({ name }, i) => ({ name, ...summarise(times[i] as number[]) }));
}

/** Mean, median and 99th percentile (nearest rank) of at least one duration. */
export function summarise(durations: readonly number[]): Omit<Timing, "name"> {
  const sorted = durations.toSorted((a, b) => a - b);
  const rank = (share: number) =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  return {
    calls: sorted.length,
    mean: sorted.reduce((sum, duration) => sum + duration, 0) / sorted.length,
    median: (rank(0.5) + (sorted[Math.floor(sorted.length / 2)] as number)) / 2,
    p99: rank(0.99),
  };
}
