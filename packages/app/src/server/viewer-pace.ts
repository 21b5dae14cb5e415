import type { ViewerPace } from "@mien/web";

/** Frames in flight to a viewer that acknowledges them in `QUICK` ms or less, and to a slower one. */
const IN_FLIGHT = { quick: 3, slow: 1 } as const;
/**
 * Time from sending a frame to its acknowledgement, in ms, up to which a viewer is quick. Several
 * frames in flight keep the frame rate up if the network delays them, but a busy page would show each
 * of them late.
 */
const QUICK = 100;

interface InFlight {
  readonly frame: number;
  /** When it arrived at the server, in ms since 1970. */
  readonly capturedAt: number;
  /** When it was sent, on the clock of `performance.now()`. */
  readonly sentAt: number;
}

/** Decides when a viewer that acknowledges frames gets the next one. */
export class Pace {
  #inFlight: InFlight[] = [];
  /** How long the last acknowledgement took, in ms; 0 before the first one. */
  #lastAckMs = 0;
  #acknowledged = 0;
  #lagMs: number | null = null;
  #skipped = 0;
  #since = performance.now();

  /** Whether the viewer can take a frame now. */
  get isFree(): boolean {
    const limit = this.#lastAckMs <= QUICK ? IN_FLIGHT.quick : IN_FLIGHT.slow;
    return this.#inFlight.length < limit;
  }

  /** Records that a frame is being sent. */
  sent({ frame, capturedAt }: { readonly frame: number; readonly capturedAt: number }): void {
    this.#inFlight.push({ frame, capturedAt, sentAt: performance.now() });
  }

  /** Records that a newer frame replaced one that waited. */
  skip(): void {
    this.#skipped++;
  }

  /** Records an acknowledgement, which includes the frames that were sent before it. */
  acknowledged(frame: number): void {
    const index = this.#inFlight.findIndex((one) => one.frame === frame);
    const acknowledged = this.#inFlight[index];
    if (acknowledged === undefined) return;
    this.#inFlight = this.#inFlight.slice(index + 1);
    this.#lastAckMs = performance.now() - acknowledged.sentAt;
    this.#acknowledged++;
    this.#lagMs = Math.max(this.#lagMs ?? 0, Date.now() - acknowledged.capturedAt);
  }

  /** The figures since the last call. */
  read(): ViewerPace {
    const now = performance.now();
    const framesPerSecond = (1000 * this.#acknowledged) / Math.max(1, now - this.#since);
    const figures = { framesPerSecond, lagMs: this.#lagMs, skipped: this.#skipped };
    this.#acknowledged = 0;
    this.#lagMs = null;
    this.#since = now;
    return figures;
  }
}
