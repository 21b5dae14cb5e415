import { existsSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { writeFileAtomic } from "@mien/cli";
import {
  decodeTensorHeader,
  decodeTensors,
  encodeTensors,
  imageSize,
  tensorHeaderBytes,
  tensorOf,
  type DatasetManifest,
  type ImageSet,
} from "@mien/format";
import type { CsvContent } from "../csv/read-csv.ts";
import type { BadRow } from "../csv/row-collector.ts";
import { FilePixels } from "./file-pixels.ts";
import type { LargeCacheFile } from "./large-cache-file.ts";

/** Version of the cache. Increase it when its content, or how a CSV is read, changes. */
const VERSION = "2";

/**
 * Stores parsed data sets as binary files in the safetensors layout, named by the hash of their
 * CSV.
 */
export class DatasetCache {
  readonly #folder: string;
  readonly #mostBytes: number;

  /** @param mostBytes pixels of larger sets stay in the file; default: none do. */
  constructor(folder: string, mostBytes = Infinity) {
    this.#folder = folder;
    this.#mostBytes = mostBytes;
  }

  /**
   * Looks up a parsed CSV. An entry without skipped rows is used with and without `skipBadRows`, an
   * entry with skipped rows only with it.
   *
   * @param sha256 of the uncompressed CSV.
   * @returns undefined if no entry exists for these classes and this image size, or if it is damaged.
   */
  async find(
    sha256: string,
    manifest: DatasetManifest,
    skipBadRows: boolean,
  ): Promise<CsvContent | undefined> {
    const strict = await this.#read(this.#path(sha256, false), sha256, manifest);
    if (strict !== undefined || !skipBadRows) return strict;
    return this.#read(this.#path(sha256, true), sha256, manifest);
  }

  /**
   * Stores a parsed CSV. An interrupted write leaves no entry.
   *
   * @param large holds the pixels already, if they are too many for memory.
   * @returns the content; its pixels are in the cache if they are too many for memory.
   * @throws {MienError} `environment` if the cache cannot be written.
   */
  async keep(
    sha256: string,
    manifest: DatasetManifest,
    { content, large }: { content: CsvContent; large?: LargeCacheFile | undefined },
  ): Promise<CsvContent> {
    const { set, skipped, notes } = content;
    const { height, width, channels } = set;
    const count = set.labels.length;
    const shape = [count, height, width, channels];
    const tensors = {
      labels: { shape: [count], data: set.labels },
      usage: { shape: [count], data: set.usage },
      row: { shape: [count], data: set.row },
    };
    const metadata = {
      ...keyOf(sha256, manifest),
      skipped: JSON.stringify(skipped),
      notes: JSON.stringify(notes),
    };
    const file = this.#path(sha256, skipped.length > 0);
    if (large === undefined) {
      const pixels = { shape, data: set.pixels };
      await writeFileAtomic(file, encodeTensors({ tensors: { ...tensors, pixels }, metadata }));
      return content;
    }
    large.finish(file, shape, { tensors, metadata });
    const kept = await this.#read(file, sha256, manifest);
    if (kept === undefined) throw new Error(`${file} was written and cannot be read`);
    return kept;
  }

  #path(sha256: string, skipped: boolean): string {
    return path.join(
      this.#folder,
      `${sha256.slice(0, 16)}${skipped ? "-skipped" : ""}.safetensors`,
    );
  }

  async #read(
    file: string,
    sha256: string,
    manifest: DatasetManifest,
  ): Promise<CsvContent | undefined> {
    if (!existsSync(file)) return undefined;
    try {
      const handle = await open(file, "r");
      try {
        return await this.#decode(handle, { file, sha256, manifest });
      } finally {
        await handle.close();
      }
    } catch {
      // A damaged cache is ignored: the CSV is read again.
      return undefined;
    }
  }

  async #decode(
    handle: FileHandle,
    entry: { file: string; sha256: string; manifest: DatasetManifest },
  ): Promise<CsvContent | undefined> {
    const { file, sha256, manifest } = entry;
    const { size } = await handle.stat();
    const headerEnd = tensorHeaderBytes(await readRange(handle, { start: 0, end: 8 }), file);
    const header = await readRange(handle, { start: 0, end: Math.min(headerEnd, size) });
    const { places, metadata } = decodeTensorHeader(header, { name: file, size });
    const { skipped = "", notes = "", ...key } = metadata;
    if (!isDeepStrictEqual(key, keyOf(sha256, manifest))) return undefined;
    const { pixels, labels, usage, row } = places;
    if (!pixels || !labels || !usage || !row) return undefined;
    const count = labels.end - labels.start;
    const imageBytes = imageSize(manifest.image);
    const isWhole =
      pixels.end - pixels.start === count * imageBytes &&
      usage.end - usage.start === count &&
      row.end - row.start === 4 * count;
    if (!isWhole) return undefined;
    const { classes, image } = manifest;
    const rest = {
      skipped: JSON.parse(skipped) as BadRow[],
      notes: JSON.parse(notes) as string[],
    };
    if (pixels.end - pixels.start <= this.#mostBytes) {
      // One read of the whole file is the fastest.
      const decoded = decodeTensors(await readRange(handle, { start: 0, end: size }), file);
      const set: ImageSet = {
        ...image,
        classes,
        pixels: tensorOf(decoded, "pixels", "U8").data,
        labels: tensorOf(decoded, "labels", "U8").data,
        usage: tensorOf(decoded, "usage", "U8").data,
        row: tensorOf(decoded, "row", "U32").data,
      };
      return { set, ...rest };
    }
    const place = { start: pixels.start, size: imageBytes, count };
    const set: ImageSet = {
      ...image,
      classes,
      pixels: new Uint8Array(),
      stored: new FilePixels(file, place),
      labels: new Uint8Array((await readRange(handle, labels)).buffer),
      usage: new Uint8Array((await readRange(handle, usage)).buffer),
      row: new Uint32Array((await readRange(handle, row)).buffer),
    };
    return { set, ...rest };
  }
}

function keyOf(sha256: string, { classes, image }: DatasetManifest): Record<string, string> {
  return { version: VERSION, sha256, layout: JSON.stringify({ classes, image }) };
}

/** Most bytes of one read; Node refuses more than 2 GiB. */
const MOST_READ = 1 << 30;

/** Reads a part of a file with one call; `readFile` reads in small steps, which is slower. */
async function readRange(
  handle: FileHandle,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Buffer<ArrayBuffer>> {
  const bytes = Buffer.allocUnsafeSlow(end - start);
  let done = 0;
  while (done < bytes.length) {
    const length = Math.min(MOST_READ, bytes.length - done);
    const { bytesRead } = await handle.read(bytes, done, length, start + done);
    if (bytesRead === 0) throw new Error("the file ends too early");
    done += bytesRead;
  }
  return bytes;
}
