import type { Frame } from "@mien/format";

/** What a frame queue does. */
export interface FrameQueueOptions {
  /** Full at this many frames. */
  readonly capacity: number;
  /** When full, a new frame pushes the oldest out; otherwise the producer is told to wait. */
  readonly dropOldest: boolean;
  /** Told once when a full queue has room again. */
  readonly onRoom?: () => void;
}

/** Frames between the process that makes them and whoever reads them. */
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

  /** @returns whether there is room for more; if not, `onRoom` tells when there is. */
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

  /** No more frames come. Those that are queued are still handed out; then the error is thrown. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  /** Ends at once: what is queued is forgotten. */
  close(): void {
    this.#frames.length = 0;
    this.#error = undefined;
    this.end();
  }

  /** How many frames wait. */
  get size(): number {
    return this.#frames.length;
  }

  /** The next frame; undefined at the end. */
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
