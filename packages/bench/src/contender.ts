/** When a turn ends: after the call that reaches one of the two limits. */
interface TurnLimit {
  /** Milliseconds since the turn began; may be Infinity. */
  readonly ms: number;
  /** Number of calls, at least 1; may be Infinity. */
  readonly calls: number;
}

/** The measurements of one turn. */
export interface Turn {
  /** Milliseconds of each call; at least one. */
  readonly durations: readonly number[];
}

/** Something whose speed is measured. */
export interface Contender<T extends Turn = Turn> {
  readonly name: string;
  /** Works until the limit, at least one call. A turn of fixed length ignores the limit. */
  turn(limit: TurnLimit): Promise<T>;
}

/** A contender that must be closed after the measurement. */
export interface OpenContender<T extends Turn = Turn> extends Contender<T> {
  close(): unknown;
}

/** A turn with the result of its last call. */
export interface CallTurn<Result> extends Turn {
  readonly last: Result;
}

/**
 * A contender that calls a function of this process again and again.
 *
 * @param call the work; a promise is awaited.
 * @param options.inFlight calls that run at the same time, default 1. With more than one, a duration
 * is the time from the end of one call to the end of the next.
 */
export function callContender<Result>(
  name: string,
  call: () => Result | Promise<Result>,
  options: { readonly inFlight?: number } = {},
): Contender<CallTurn<Result>> {
  const { inFlight = 1 } = options;
  return {
    name,
    async turn({ ms, calls }) {
      const durations: number[] = [];
      const running: Promise<Result>[] = [];
      const begin = performance.now();
      let [ended, started] = [begin, 0];
      const start = async () => {
        started++;
        return call();
      };
      for (;;) {
        const first = running.shift() ?? start();
        while (running.length < inFlight - 1 && started < calls && ended - begin < ms) {
          running.push(start());
        }
        const last = await first;
        const now = performance.now();
        durations.push(now - ended);
        ended = now;
        const isOver = started >= calls || ended - begin >= ms;
        if (isOver && running.length === 0) return { durations, last };
      }
    },
  };
}
