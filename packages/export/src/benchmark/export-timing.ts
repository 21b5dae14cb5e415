import { MienError } from "@mien/format";

/** When a turn ends: after the call with which one of the two is reached. */
export interface TurnLimit {
  readonly ms: number;
  readonly calls: number;
}

/** Something whose speed is to be known. */
export interface Contender {
  readonly name: string;
  /** Does the work over and over until the limit, at least once; answers milliseconds a call. */
  readonly turn: (limit: TurnLimit) => Promise<readonly number[]>;
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

/** How long contenders are timed: for seconds each, or for a number of calls each. */
export type Amount = { readonly seconds: number } | { readonly calls: number };

/** `--seconds` of a command that times one after the other. */
export const secondsOption = (what: string) =>
  ({
    type: "number",
    min: 0.1,
    max: 3600,
    default: 5,
    unit: "seconds",
    description: `Measuring time for each ${what} and batch size`,
  }) as const;

/** A turn is short, so that whatever else the machine does falls on all contenders alike. */
const TURN_MS = 100;
const WARM_UP_CALLS = 3;

/** A contender whose work is a function of this process. */
export function contender(name: string, call: () => unknown): Contender {
  return {
    name,
    async turn({ ms, calls }) {
      const taken: number[] = [];
      const begin = performance.now();
      do {
        const start = performance.now();
        await call();
        taken.push(performance.now() - start);
      } while (taken.length < calls && performance.now() - begin < ms);
      return taken;
    },
  };
}

/**
 * Times contenders in alternating turns, whose order reverses from round to round.
 *
 * @throws {MienError} `interrupted` on the signal.
 */
export async function timeAlternating(
  contenders: readonly Contender[],
  amount: Amount,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (share: number) => void;
  } = {},
): Promise<Timing[]> {
  const times = contenders.map((): number[] => []);
  for (const { turn } of contenders) await turn({ ms: Infinity, calls: WARM_UP_CALLS });
  const rounds =
    "seconds" in amount ? Math.max(1, Math.round((amount.seconds * 1000) / TURN_MS)) : Infinity;
  const wanted = "calls" in amount ? amount.calls : Infinity;
  for (let round = 0; round < rounds; round++) {
    const order = [...contenders.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      if (options.signal?.aborted) throw new MienError("interrupted", "the benchmark was stopped");
      const taken = times[index] as number[];
      const left = wanted - taken.length;
      if (left <= 0) continue;
      const { turn } = contenders[index] as Contender;
      for (const time of await turn({ ms: TURN_MS, calls: left })) taken.push(time);
    }
    const fewest = Math.min(...times.map((taken) => taken.length));
    options.onProgress?.(Math.min(1, Math.max((round + 1) / rounds, fewest / wanted)));
    if (fewest >= wanted) break;
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
