import { MienError } from "@mien/format";
import type { Contender, Turn } from "./contender.ts";

/** How much is measured. */
type Amount =
  /** Turns of each contender. */
  | { readonly rounds: number }
  /** Seconds of each contender, in turns of `turnMs`; at least two rounds. */
  | { readonly seconds: number }
  /** Seconds of all contenders together; at least `minRounds` rounds. */
  | { readonly totalSeconds: number; readonly minRounds: number }
  /** Calls of each contender. */
  | { readonly calls: number };

/** How contenders alternate. */
interface AlternateOptions {
  readonly amount: Amount;
  /** Length of a turn in milliseconds, default 100. */
  readonly turnMs?: number;
  /** Calls of each contender before anything is measured, default 3. */
  readonly warmUpCalls?: number;
  /** Ends the measurement. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called after each turn with the share of the measurement that is done, 0–1, and the contender's
   * name.
   */
  readonly onProgress?: ((share: number, name: string) => void) | undefined;
}

/** Length of a turn in milliseconds: short, so that other load affects all contenders alike. */
const TURN_MS = 100;
const WARM_UP_CALLS = 3;

/** The turns of each contender; for a tuple of contenders, a tuple. */
type TurnsOf<Contenders extends readonly Contender[]> = {
  -readonly [Place in keyof Contenders]: Contenders[Place] extends Contender<infer T> ? T[] : never;
};

/**
 * Measures contenders in alternating turns, so that other load on the machine affects all of them
 * alike. The order reverses from round to round.
 *
 * @returns the turns of each contender, in the order of `contenders` and of the rounds.
 * @throws {MienError} `interrupted` if the signal fires; errors of a contender.
 */
export async function alternate<const Contenders extends readonly Contender[]>(
  contenders: Contenders,
  options: AlternateOptions,
): Promise<TurnsOf<Contenders>> {
  const { amount, turnMs = TURN_MS, warmUpCalls = WARM_UP_CALLS, signal, onProgress } = options;
  if (warmUpCalls > 0) {
    for (const contender of contenders) {
      stopIfAborted(signal);
      await contender.turn({ ms: Infinity, calls: warmUpCalls });
    }
  }
  const lanes = contenders.map((contender): Lane => ({ contender, turns: [], calls: 0 }));
  const wanted = "calls" in amount ? amount.calls : Infinity;
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const share = (lane: Lane, seconds: number) =>
    Math.min(1, shareOf(lane, amount, { turnMs, seconds }));
  for (let round = 0; ; round++) {
    // The limit applies to all contenders together, so that all have the same number of turns.
    const seconds = elapsed();
    const left = lanes.filter((lane) => share(lane, seconds) < 1);
    // Each lane holds what its own contender returned.
    if (left.length === 0) return lanes.map(({ turns }) => turns) as TurnsOf<Contenders>;
    for (const lane of round % 2 === 0 ? left : left.toReversed()) {
      stopIfAborted(signal);
      const turn = await lane.contender.turn({ ms: turnMs, calls: wanted - lane.calls });
      lane.turns.push(turn);
      lane.calls += turn.durations.length;
      const now = elapsed();
      const done = lanes.reduce((sum, each) => sum + share(each, now), 0) / lanes.length;
      onProgress?.(done, lane.contender.name);
    }
  }
}

/** A contender and its turns so far. */
interface Lane {
  readonly contender: Contender;
  readonly turns: Turn[];
  calls: number;
}

/** The share of a contender's measurement that is done; 1 or more when it is over. */
function shareOf(
  { turns, calls }: Lane,
  amount: Amount,
  { turnMs, seconds }: { readonly turnMs: number; readonly seconds: number },
): number {
  if ("rounds" in amount) return turns.length / amount.rounds;
  if ("calls" in amount) return calls / amount.calls;
  if ("seconds" in amount) {
    return turns.length / Math.max(2, Math.round((1000 * amount.seconds) / turnMs));
  }
  return Math.min(turns.length / amount.minRounds, seconds / amount.totalSeconds);
}

/** @throws {MienError} `interrupted` once the signal has fired. */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MienError("interrupted", "the benchmark was stopped");
}
