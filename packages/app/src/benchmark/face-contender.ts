import {
  alternate,
  type CallTurn,
  type Contender,
  type OpenContender,
  summariseTurns,
} from "@mien/bench";

/**
 * Processes one frame per call and returns the number of faces whose expressions were read in it.
 */
export type FaceContender = OpenContender<CallTurn<number>>;

/** Adds the function that closes a contender. */
export function closing(
  contender: Contender<CallTurn<number>>,
  close: () => Promise<void>,
): FaceContender {
  return { ...contender, close };
}

/** How long the frames of one contender took, in milliseconds. */
export interface FrameSpeed {
  readonly name: string;
  readonly frames: number;
  /** Faces read in the last frame. */
  readonly faces: number;
  readonly median: number;
  readonly mean: number;
  /** 99th percentile. */
  readonly p99: number;
}

/**
 * Length of a turn, in ms. It is much longer than a frame, so that two frames are processed at the
 * same time during nearly the whole turn.
 */
const TURN_MS = 500;

/**
 * Measures contenders in alternating turns and closes them.
 *
 * @param options.seconds of measuring for each contender.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function measureSpeeds(
  contenders: readonly FaceContender[],
  options: {
    readonly seconds: number;
    readonly signal: AbortSignal;
    readonly onProgress?: (share: number, name: string) => void;
  },
): Promise<FrameSpeed[]> {
  const { seconds, signal, onProgress } = options;
  try {
    const amount = { seconds };
    const turns = await alternate(contenders, { amount, turnMs: TURN_MS, signal, onProgress });
    return contenders.map(({ name }, i) => {
      const own = turns[i] ?? [];
      const { count: frames, median, mean, p99 } = summariseTurns(own);
      return { name, frames, faces: own.at(-1)?.last ?? 0, median, mean, p99 };
    });
  } finally {
    for (const contender of contenders) await contender.close();
  }
}
