import { unzeroed } from "./unzeroed.ts";

/** A picture as it comes out of a stream. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  /** RGB [height, width, 3]. */
  readonly pixels: Uint8Array;
}

/** `P6 WIDTH HEIGHT 255` and one white space, as ffmpeg writes it; at most this long. */
const HEADER = /^P6\s+(\d+)\s+(\d+)\s+255\s/;
const LONGEST_HEADER = 40;

/**
 * Cuts a stream of binary PPM images, one after the other without a gap, into pictures. Each
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

  /** @throws {Error} if the stream is something else. */
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

  /** @returns how many bytes of the chunk it took. */
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
