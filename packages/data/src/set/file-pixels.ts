import { closeSync, openSync, readSync } from "node:fs";
import { messageOf, MienError, type StoredPixels } from "@mien/format";

/** Bytes that are read at once when images are read in ascending order. */
const PAGE_BYTES = 1 << 20;
/** An image at most this far after the last one counts as the next in ascending order, in images. */
const MAX_GAP = 16;

/** Closes the files of image sets that are no longer in use. */
const unused = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** The pixels of images that follow each other in a file; holds one page of it in memory. */
export class FilePixels implements StoredPixels {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #start: number;
  readonly #size: number;
  readonly #count: number;
  /** The last page that was read, with the images from `#from` to before `#to`. */
  readonly #page: Uint8Array;
  #from = 0;
  #to = 0;
  #last = -1;

  /**
   * @param place.start byte of the file at which the first image begins.
   * @param place.size bytes of an image.
   * @param place.count number of images.
   */
  constructor(file: string, place: { start: number; size: number; count: number }) {
    this.#file = file;
    this.#start = place.start;
    this.#size = place.size;
    this.#count = place.count;
    this.#page = new Uint8Array(Math.max(1, Math.floor(PAGE_BYTES / place.size)) * place.size);
    this.#descriptor = openSync(file, "r");
    unused.register(this, this.#descriptor);
  }

  at(index: number): Uint8Array {
    const isNext = index > this.#last && index - this.#last <= MAX_GAP;
    this.#last = index;
    if (index < this.#from || index >= this.#to) {
      if (!isNext) return this.read([index]);
      const images = Math.min(this.#page.length / this.#size, this.#count - index);
      this.#fill(this.#page.subarray(0, images * this.#size), index);
      [this.#from, this.#to] = [index, index + images];
    }
    const at = (index - this.#from) * this.#size;
    return this.#page.slice(at, at + this.#size);
  }

  read(positions: ArrayLike<number>): Uint8Array {
    const pixels = new Uint8Array(positions.length * this.#size);
    for (let i = 0; i < positions.length; i++) {
      const index = positions[i] ?? 0;
      this.#fill(pixels.subarray(i * this.#size, (i + 1) * this.#size), index);
    }
    return pixels;
  }

  /** Reads whole images, from one image on. */
  #fill(target: Uint8Array, index: number): void {
    const start = this.#start + index * this.#size;
    let done = 0;
    while (done < target.length) {
      const bytes = this.#readOnce(target.subarray(done), start + done);
      if (bytes === 0) throw this.#fail(`it ends before image ${index}`);
      done += bytes;
    }
  }

  #readOnce(target: Uint8Array, position: number): number {
    try {
      return readSync(this.#descriptor, target, 0, target.length, position);
    } catch (error) {
      throw this.#fail(messageOf(error));
    }
  }

  #fail(problem: string): MienError {
    return new MienError("missing-file", `cannot read the cache ${this.#file}: ${problem}`, {
      advice: "Delete this file and run the command again; it is then made from the CSV.",
    });
  }
}
