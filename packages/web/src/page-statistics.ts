/**
 * What the page measures of itself, for benchmarks and tests: `window.mienStatistics`.
 *
 * Times are in milliseconds since the page began to load, as `performance.now()` tells them.
 */
interface PageStatistics {
  /** The last drawn frames, oldest first; at most `MAX_FRAMES`. */
  readonly frames: readonly ShownFrame[];
  /** Every change of the state in the corner of the page, oldest first; at most `MAX_STATES`. */
  readonly states: readonly ShownState[];
}

/** A frame that was drawn. */
export interface ShownFrame {
  /** When it was drawn. */
  readonly timeMs: number;
  /** `FrameResult.frame`. */
  readonly frame: number;
  /** Time from its capture by the page's camera, or its arrival at the server, until it was drawn. */
  readonly latencyMs: number;
}

/** A state of the source that was shown: a state of `Status`, or `no connection`. */
export interface ShownState {
  /** When it was shown. */
  readonly timeMs: number;
  readonly state: string;
}

/** At 30 frames per second, the frames of 20 seconds. */
const MAX_FRAMES = 600;
const MAX_STATES = 1000;

declare global {
  /** Set before the page draws anything. */
  var mienStatistics: PageStatistics;
}

/** Collects the statistics of a page. */
export class StatisticsRecorder implements PageStatistics {
  readonly frames: ShownFrame[] = [];
  readonly states: ShownState[] = [];

  /** The latency of the frame that was drawn last, in ms; null before the first. */
  get latencyMs(): number | null {
    return this.frames.at(-1)?.latencyMs ?? null;
  }

  /** @param takenAt when the frame was captured or arrived, in ms since 1970. */
  addFrame(frame: number, takenAt: number): void {
    const latencyMs = Date.now() - takenAt;
    this.frames.push({ timeMs: performance.now(), frame, latencyMs });
    if (this.frames.length > MAX_FRAMES) this.frames.shift();
  }

  addState(state: string): void {
    if (this.states.at(-1)?.state === state) return;
    this.states.push({ timeMs: performance.now(), state });
    if (this.states.length > MAX_STATES) this.states.shift();
  }
}
