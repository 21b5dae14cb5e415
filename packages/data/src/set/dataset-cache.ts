import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { writeFileAtomic } from "@mien/cli";
import {
  decodeTensors,
  encodeTensors,
  imageSize,
  tensorOf,
  type DatasetManifest,
  type ImageSet,
} from "@mien/format";
import type { CsvContent } from "../csv/read-csv.ts";
import type { BadRow } from "../csv/row-collector.ts";

/** Version of the cache. Increase it when its content, or how a CSV is read, changes. */
const VERSION = "2";

/**
 * Stores parsed data sets as binary files in the safetensors layout, named by the hash of their
 * CSV.
 */
export class DatasetCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
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

  /** Stores a parsed CSV. An interrupted write leaves no entry. */
  async keep(sha256: string, manifest: DatasetManifest, content: CsvContent): Promise<void> {
    const { set, skipped, notes } = content;
    const { height, width, channels } = set;
    const count = set.labels.length;
    const parts = encodeTensors({
      tensors: {
        pixels: { shape: [count, height, width, channels], data: set.pixels },
        labels: { shape: [count], data: set.labels },
        usage: { shape: [count], data: set.usage },
        row: { shape: [count], data: set.row },
      },
      metadata: {
        ...keyOf(sha256, manifest),
        skipped: JSON.stringify(skipped),
        notes: JSON.stringify(notes),
      },
    });
    await writeFileAtomic(this.#path(sha256, skipped.length > 0), parts);
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
      const decoded = decodeTensors(await readWhole(file), file);
      const { skipped = "", notes = "", ...key } = decoded.metadata;
      if (!isDeepStrictEqual(key, keyOf(sha256, manifest))) return undefined;
      const set: ImageSet = {
        ...manifest.image,
        classes: manifest.classes,
        pixels: tensorOf(decoded, "pixels", "U8").data,
        labels: tensorOf(decoded, "labels", "U8").data,
        usage: tensorOf(decoded, "usage", "U8").data,
        row: tensorOf(decoded, "row", "U32").data,
      };
      const count = set.labels.length;
      const whole =
        set.pixels.length === count * imageSize(set) &&
        set.usage.length === count &&
        set.row.length === count;
      if (!whole) return undefined;
      return {
        set,
        skipped: JSON.parse(skipped) as BadRow[],
        notes: JSON.parse(notes) as string[],
      };
    } catch {
      // A damaged cache is ignored: the CSV is read again.
      return undefined;
    }
  }
}

function keyOf(sha256: string, { classes, image }: DatasetManifest): Record<string, string> {
  return { version: VERSION, sha256, layout: JSON.stringify({ classes, image }) };
}

/** Reads a file with one call; `readFile` reads in small steps, which is slower. */
async function readWhole(file: string): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.allocUnsafeSlow(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await handle.read(bytes, done, size - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}
