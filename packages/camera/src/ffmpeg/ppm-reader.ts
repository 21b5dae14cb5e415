import type { RgbPicture } from "../source/connection.ts";
import { unzeroed } from "../system/unzeroed-memory.ts";

/** `P6 WIDTH HEIGHT 255` and one white space, as ffmpeg writes it. */
const HEADER = /^P6\s+(\d+)\s+(\d+)\s+255\s/;
/** Longest header in bytes. */
const LONGEST_HEADER = 40;

/**
 * Splits a stream of binary PPM images, which follow one another without a gap, into pictures. Each
 * picture has memory of its own.
 */
export class PpmReader {
  readonly #onPicture: (picture: RgbPicture) => void;
  #header = "";
  #picture: RgbPicture | undefined;
  #filled = 0;

  constructor(onPicture: (picture: RgbPicture) => void) {
    this.#onPicture = onPicture;
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @throws {Error} if it is not a stream of PPM images.
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#picture === undefined) {
        at += this.#readHeader(chunk.subarray(at));
        continue;
      }
      const { pixels } = this.#picture;
      const part = chunk.subarray(at, at + pixels.length - this.#filled);
      pixels.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < pixels.length) return;
      const picture = this.#picture;
      this.#picture = undefined;
      this.#onPicture(picture);
    }
  }

  /** @returns how many bytes of the chunk belong to the header. */
  #readHeader(chunk: Uint8Array): number {
    const before = this.#header.length;
    this.#header += Buffer.from(chunk.subarray(0, LONGEST_HEADER - before)).toString("latin1");
    const found = HEADER.exec(this.#header);
    if (!found) {
      if (this.#header.length >= LONGEST_HEADER) throw new Error("not a stream of PPM images");
      return chunk.length;
    }
    const [header, width, height] = [found[0], Number(found[1]), Number(found[2])];
    this.#picture = { width, height, pixels: unzeroed(width * height * 3) };
    this.#filled = 0;
    this.#header = "";
    return header.length - before;
  }
}
