/**
 * Measurements that the page makes of itself. Benchmarks and tests read them from
 * `window.mienStatistics`.
 *
 * Times are values of `performance.now()`: milliseconds since the page began to load.
 */
interface PageStatistics {
  /** The last frames that were drawn, oldest first; at most `MAX_FRAMES`. */
  readonly frames: readonly ShownFrame[];
  /** Every state that the header of the page has shown, oldest first; at most `MAX_STATES`. */
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

/** A state that the header of the page has shown. */
export interface ShownState {
  /** When it was shown. */
  readonly timeMs: number;
  /** A state of `Status`, `recording` or `no connection`. */
  readonly state: string;
}

/** The frames of 20 seconds at 30 frames per second. */
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

  /** The latency of the frame that was drawn last, in ms; null before the first frame. */
  get latencyMs(): number | null {
    return this.frames.at(-1)?.latencyMs ?? null;
  }

  /**
   * Records that a frame was drawn.
   *
   * @param frame `FrameResult.frame`.
   * @param takenAt when it was captured or arrived at the server, in ms since 1970.
   */
  addFrame(frame: number, takenAt: number): void {
    const latencyMs = Date.now() - takenAt;
    this.frames.push({ timeMs: performance.now(), frame, latencyMs });
    if (this.frames.length > MAX_FRAMES) this.frames.shift();
  }

  /** Records that a state is shown; a state that is already shown is not recorded again. */
  addState(state: string): void {
    if (this.states.at(-1)?.state === state) return;
    this.states.push({ timeMs: performance.now(), state });
    if (this.states.length > MAX_STATES) this.states.shift();
  }
}
