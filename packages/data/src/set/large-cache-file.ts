import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import path from "node:path";
import { asidePath, cannotWrite } from "@mien/cli";
import { encodeTensors, type NamedTensor } from "@mien/format";
import type { PixelSink } from "../csv/pixel-buffer.ts";

/**
 * Bytes that are kept free for the header, which is known only after the pixels. A header that lists
 * the largest number of skipped rows has about 2 MB.
 */
const HEADER_BYTES = 8 << 20;

/**
 * A cache file of a set that is too large for memory, while it is written: the pixels first, then the
 * other tensors, then the header. Until `finish`, it has a temporary name.
 */
export class LargeCacheFile implements PixelSink {
  readonly #aside: string;
  readonly #descriptor: number;
  #bytes = 0;
  #isOpen = true;

  /** @param folder is made if it is missing. @throws {MienError} `environment`. */
  constructor(folder: string) {
    this.#aside = asidePath(path.join(folder, "large.safetensors"));
    this.#descriptor = this.#orFail(() => {
      mkdirSync(folder, { recursive: true });
      return openSync(this.#aside, "w");
    });
  }

  /** Appends pixels. @throws {MienError} `environment`, for example if the disk is full. */
  write(bytes: Uint8Array): void {
    this.#writeAt(bytes, HEADER_BYTES + this.#bytes);
    this.#bytes += bytes.length;
  }

  /**
   * Writes the other tensors and the header, and gives the file its name.
   *
   * @param shape of the tensor `pixels`.
   * @throws {MienError} `environment` if the file cannot be written.
   */
  finish(
    file: string,
    shape: readonly number[],
    others: { tensors: Record<string, NamedTensor>; metadata: Record<string, string> },
  ): void {
    const { head, body } = this.#parts(shape, others);
    let at = HEADER_BYTES + this.#bytes;
    for (const part of body) {
      this.#writeAt(part, at);
      at += part.length;
    }
    this.#writeAt(head, 0);
    this.#orFail(() => fsyncSync(this.#descriptor));
    this.#close();
    this.#orFail(() => renameSync(this.#aside, file));
  }

  /** Deletes the file, unless it is finished. */
  discard(): void {
    this.#close();
    rmSync(this.#aside, { force: true });
  }

  /** The header with its length, and the data after the pixels. */
  #parts(
    shape: readonly number[],
    {
      tensors,
      metadata,
    }: { tensors: Record<string, NamedTensor>; metadata: Record<string, string> },
  ): { head: Uint8Array; body: Uint8Array[] } {
    const [, text = new Uint8Array(), ...body] = encodeTensors({ tensors, metadata });
    const header = JSON.parse(new TextDecoder().decode(text)) as Record<
      string,
      { data_offsets?: [number, number] }
    >;
    for (const entry of Object.values(header)) {
      if (entry.data_offsets === undefined) continue;
      entry.data_offsets = [
        entry.data_offsets[0] + this.#bytes,
        entry.data_offsets[1] + this.#bytes,
      ];
    }
    const pixels = { dtype: "U8", shape, data_offsets: [0, this.#bytes] };
    const json = new TextEncoder().encode(JSON.stringify({ ...header, pixels }));
    // The format allows trailing spaces in the header.
    const head = new Uint8Array(HEADER_BYTES).fill(0x20);
    new DataView(head.buffer).setBigUint64(0, BigInt(HEADER_BYTES - 8), true);
    head.set(json, 8);
    return { head, body };
  }

  #writeAt(bytes: Uint8Array, position: number): void {
    this.#orFail(() => {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done);
      }
    });
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
  }

  #orFail<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw cannotWrite(this.#aside, error);
    }
  }
}
