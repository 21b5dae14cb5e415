import { MienError } from "@mien/format";

/** Receives the pixels of a set that is too large for memory. */
export interface PixelSink {
  /** Appends bytes, and does not keep the array. */
  write(bytes: Uint8Array): void;
}

/** When and where the pixels of a large set go. */
export interface LargeSet {
  /** Bytes of pixels that are held in memory; with more, all of them go to the sink. */
  readonly mostBytes: number;
  /** Called at most once. */
  openSink(): PixelSink;
}

/** Bytes of pixels that are collected before they go to the sink. */
const BLOCK_BYTES = 4 << 20;

/** Collects the pixels of images one after another, in memory or, if they are too many, in a sink. */
export class PixelBuffer {
  readonly #size: number;
  readonly #large: LargeSet | undefined;
  #pixels: Uint8Array;
  /** Images in `#pixels`. */
  #held = 0;
  #sink: PixelSink | undefined;

  /**
   * @param size values of an image.
   * @param expected number of images that are expected; more are possible.
   */
  constructor(size: number, expected: number, large?: LargeSet) {
    this.#size = size;
    this.#large = large;
    this.#pixels = this.#allocate(Math.min(expected, this.#mostHeld));
  }

  /** The place for the next image. Call `keep` when it is there; without that, it is overwritten. */
  place(): { readonly pixels: Uint8Array; readonly out: number; readonly count: number } {
    if ((this.#held + 1) * this.#size > this.#pixels.length) this.#makeRoom();
    return { pixels: this.#pixels, out: this.#held * this.#size, count: this.#size };
  }

  /** Adds the image in the place that `place` gave. */
  keep(): void {
    this.#held++;
  }

  /** All pixels; undefined if they went to the sink. */
  finish(): Uint8Array | undefined {
    if (this.#sink !== undefined) {
      this.#flush(this.#sink);
      return undefined;
    }
    const bytes = this.#held * this.#size;
    return bytes === this.#pixels.length ? this.#pixels : this.#pixels.slice(0, bytes);
  }

  get #mostHeld(): number {
    const { mostBytes = Infinity } = this.#large ?? {};
    return Math.max(1, Math.floor(mostBytes / this.#size));
  }

  #makeRoom(): void {
    if (this.#sink === undefined && this.#held < this.#mostHeld) {
      const grown = this.#allocate(Math.min(Math.max(1, 2 * this.#held), this.#mostHeld));
      grown.set(this.#pixels);
      this.#pixels = grown;
      return;
    }
    if (this.#sink === undefined) {
      this.#sink = this.#large?.openSink();
      if (this.#sink === undefined)
        throw new Error("without a sink, no number of images is too large");
      this.#flush(this.#sink);
      this.#pixels = this.#allocate(Math.max(1, Math.floor(BLOCK_BYTES / this.#size)));
    } else {
      this.#flush(this.#sink);
    }
  }

  #flush(sink: PixelSink): void {
    sink.write(this.#pixels.subarray(0, this.#held * this.#size));
    this.#held = 0;
  }

  #allocate(images: number): Uint8Array {
    try {
      return new Uint8Array(images * this.#size);
    } catch {
      const gigabytes = ((images * this.#size) / 1e9).toFixed(1);
      throw new MienError(
        "unsupported",
        `the images need ${gigabytes} GB of memory, which this process does not get`,
        {
          advice:
            "data:explore and train:fit read so large a data set from disk; this command does not.",
        },
      );
    }
  }
}
