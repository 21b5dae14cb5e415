import { MienError } from "@mien/format";

/** Something whose speed is to be known; it works for a while when it is its turn. */
export interface Contender {
  readonly name: string;
  /** Works on one frame after the other for that long. */
  turn(milliseconds: number): Promise<Turn>;
  close(): Promise<void>;
}

/** What a turn was like. */
export interface Turn {
  /** Milliseconds a frame. */
  readonly durations: readonly number[];
  /** Faces read in the last frame. */
  readonly faces: number;
}

/** What the frames of one contender took, in milliseconds. */
export interface Speed {
  readonly name: string;
  readonly frames: number;
  readonly faces: number;
  readonly median: number;
  readonly mean: number;
  /** 99 of 100 frames are at most this slow. */
  readonly p99: number;
}

const TURN_MS = 500;

/**
 * Gives contenders turns of half a second, in an order that reverses from round to round, so that
 * whatever else the machine does falls on all of them alike.
 *
 * @param seconds for each contender.
 * @throws {MienError} `interrupted` on the signal.
 */
export async function alternate(
  contenders: readonly Contender[],
  options: {
    readonly seconds: number;
    readonly signal: AbortSignal;
    readonly onRound?: (done: number) => void;
  },
): Promise<Speed[]> {
  const times = contenders.map((): number[] => []);
  const faces = contenders.map(() => 0);
  const rounds = Math.max(2, Math.round((options.seconds * 1000) / TURN_MS));
  for (let round = 0; round < rounds; round++) {
    const order = [...contenders.keys()];
    if (round % 2 === 1) order.reverse();
    for (const index of order) {
      if (options.signal.aborted) throw new MienError("interrupted", "the benchmark was stopped");
      const turn = await (contenders[index] as Contender).turn(TURN_MS);
      times[index]?.push(...turn.durations);
      faces[index] = turn.faces;
    }
    options.onRound?.(round + 1);
  }
  return contenders.map(({ name }, i) => ({
    name,
    faces: faces[i] as number,
    ...summarise(times[i] as number[]),
  }));
}

/**
 * One in this process that does `work` frame by frame.
 *
 * @param options.inFlight frames that it is given at a time; with more than one, a duration is the
 * time from the end of one frame to the end of the next. Default 1.
 */
export function ownContender(
  name: string,
  work: () => Promise<number>,
  { close, inFlight = 1 }: { close: () => Promise<void>; inFlight?: number },
): Contender {
  return {
    name,
    close,
    async turn(milliseconds) {
      const durations: number[] = [];
      const given: Promise<number>[] = [];
      let faces = 0;
      let last = performance.now();
      const end = last + milliseconds;
      do {
        while (given.length < inFlight && last < end) given.push(work());
        faces = (await given.shift()) ?? faces;
        const now = performance.now();
        durations.push(now - last);
        last = now;
      } while (last < end || given.length > 0);
      return { durations, faces };
    },
  };
}

function summarise(durations: readonly number[]) {
  const sorted = durations.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    frames: sorted.length,
    median: rank(0.5),
    mean: sorted.reduce((sum, duration) => sum + duration, 0) / sorted.length,
    p99: rank(0.99),
  };
}
