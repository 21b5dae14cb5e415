import { type Frame, MienError } from "@mien/format";
import { readCameraPicture } from "./camera-picture.ts";
import type { Origin } from "./live-frame.ts";
import type { Meter } from "./meter.ts";

/** A page's camera counts as stopped if no picture arrived for this time, in ms. */
const TIMEOUT = 2000;

/** What is done with the pictures of a page's camera. */
export interface PageCameraOptions {
  /** Counts the pictures that are dropped, and those that cannot be processed. */
  readonly meter: Meter;
  /**
   * Processes a picture.
   *
   * @param capturedAt when its processing began, in ms since 1970.
   */
  readonly process: (frame: Frame, capturedAt: number, origin: Origin) => Promise<void>;
  /** Called when the camera has stopped, or its page was closed. */
  readonly onStop: () => void;
}

/**
 * The camera of a page. The pictures of one page at a time are accepted; while one is being processed,
 * only the newest of those that arrive is kept.
 */
export class PageCamera {
  readonly #options: PageCameraOptions;
  /** The page whose camera is read; null while there is none. */
  #page: object | null = null;
  /** The newest picture, which waits while another is processed. */
  #waiting: { readonly page: object; readonly bytes: Uint8Array } | null = null;
  /** Whether a picture is being processed. */
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  /** Number of pictures so far. */
  #pictures = 0;
  /** Whether an unexpected error was printed already. */
  #errorPrinted = false;
  readonly #opened = performance.now();

  constructor(options: PageCameraOptions) {
    this.#options = options;
  }

  /**
   * Accepts a picture.
   *
   * @param page the page that sent the picture.
   * @param bytes see `readCameraPicture`.
   * @returns false if the camera of another page is being read.
   */
  offer(page: object, bytes: Uint8Array): boolean {
    if (this.#page !== null && this.#page !== page) return false;
    this.#page = page;
    if (this.#waiting !== null) this.#options.meter.totals.dropped++;
    this.#waiting = { page, bytes };
    if (!this.#busy) void this.#processWaiting();
    return true;
  }

  /** To be called when a page is closed; if its camera was read, that counts as stopped. */
  leave(page: object): void {
    if (this.#page !== page) return;
    this.discard();
    this.#options.onStop();
  }

  /** Forgets the page and the picture that waits, so that the camera of another page can be read. */
  discard(): void {
    clearTimeout(this.#timer);
    this.#waiting = null;
    this.#page = null;
  }

  /** Processes waiting pictures until there are none. */
  async #processWaiting(): Promise<void> {
    const { meter } = this.#options;
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      while (this.#waiting !== null) {
        const { page, bytes } = this.#waiting;
        this.#waiting = null;
        const capturedAt = Date.now();
        try {
          const { number, ...picture } = readCameraPicture(bytes);
          const timeMs = performance.now() - this.#opened;
          const frame: Frame = { ...picture, index: this.#pictures++, timeMs };
          await this.#options.process(frame, capturedAt, { page, number });
        } catch (error) {
          meter.totals.failed++;
          if (!(error instanceof MienError) && !this.#errorPrinted) {
            this.#errorPrinted = true;
            console.error(error);
          }
        }
      }
    } finally {
      this.#busy = false;
      this.#timer = setTimeout(() => {
        this.discard();
        this.#options.onStop();
      }, TIMEOUT).unref();
    }
  }
}
