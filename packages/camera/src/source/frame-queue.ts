import type { Frame } from "@mien/format";

/** How a frame queue behaves. */
export interface FrameQueueOptions {
  /** Largest number of frames in the queue. */
  readonly capacity: number;
  /** Whether a new frame replaces the oldest one when it is full; otherwise the producer must wait. */
  readonly dropOldest: boolean;
  /** Called once when a full queue has room again. */
  readonly onRoom?: () => void;
}

/** A queue of frames between a producer and one reader. */
export class FrameQueue {
  readonly #options: FrameQueueOptions;
  readonly #frames: Frame[] = [];
  #full = false;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(options: FrameQueueOptions) {
    this.#options = options;
  }

  /** @returns whether there is room for more; if not, `onRoom` is called when there is. */
  push(frame: Frame): boolean {
    if (this.#ended) return true;
    if (this.#options.dropOldest && this.#frames.length >= this.#options.capacity) {
      this.#frames.shift();
    }
    this.#frames.push(frame);
    this.#wake?.();
    this.#full = !this.#options.dropOldest && this.#frames.length >= this.#options.capacity;
    return !this.#full;
  }

  /**
   * No more frames come. The reader still gets the frames in the queue, and then the error or the
   * end.
   */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  /** Ends at once and drops the frames in the queue. */
  close(): void {
    this.#frames.length = 0;
    this.#error = undefined;
    this.end();
  }

  /** Number of frames in the queue. */
  get size(): number {
    return this.#frames.length;
  }

  /** Waits for the next frame; undefined at the end. */
  async next(): Promise<Frame | undefined> {
    while (this.#frames.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const frame = this.#frames.shift();
    if (frame === undefined && this.#error) throw this.#error;
    if (this.#full) {
      this.#full = false;
      this.#options.onRoom?.();
    }
    return frame;
  }
}
