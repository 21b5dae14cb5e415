import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { writeFileAtomic } from "@mien/cli";
import { itemAt, imageAt, MienError, USAGES, type ImageSet } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import { PLAIN_HEADER } from "./csv-layout.ts";

/** Number of rows that are written at once; between them, an interruption is noticed. */
const ROWS_PER_TURN = 100;

const NUMBERS = Array.from({ length: 256 }, (_, value) => String(value));

/**
 * Encodes an image set as a CSV in FER2013's layout, with rows in the order of the set.
 *
 * @returns the text in pieces, the header and then one row each; write them one after the other.
 */
function* encodeRows(set: ImageSet): Generator<Uint8Array> {
  yield Buffer.from(stringify([PLAIN_HEADER.split(",")]));
  for (let i = 0; i < set.labels.length; i++) {
    const pixels = Array.from(imageAt(set, i), (value) => NUMBERS[value]).join(" ");
    // No cell needs quotes. csv-stringify would take most of the time to find that out.
    yield Buffer.from(`${set.labels[i]},${pixels},${USAGES[itemAt(set.usage, i)]}\n`);
  }
}

/** Encodes a small image set in memory; see `encodeRows`. */
export function encodeCsv(set: ImageSet): Uint8Array[] {
  return [...encodeRows(set)];
}

/**
 * Writes an image set as a CSV, completely or not at all.
 *
 * @param file compressed by gzip if its name ends with `.gz`.
 * @param options.onProgress called with the number of rows written so far.
 * @returns the SHA-256 of the uncompressed CSV.
 * @throws {MienError} `interrupted` if the signal fires, `environment` if the file cannot be written.
 */
export async function writeCsv(
  file: string,
  set: ImageSet,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((done: number) => void) | undefined;
  },
): Promise<string> {
  const hash = createHash("sha256");
  async function* rows(): AsyncGenerator<Uint8Array> {
    let batch: Uint8Array[] = [];
    let done = -1;
    for (const row of encodeRows(set)) {
      batch.push(row);
      if (++done % ROWS_PER_TURN !== 0) continue;
      yield hashed(batch);
      batch = [];
      options.onProgress?.(done);
      // Lets the handler of Ctrl-C run.
      await setImmediate();
      if (options.signal?.aborted) {
        throw new MienError("interrupted", "writing rows; nothing was written");
      }
    }
    yield hashed(batch);
  }
  const hashed = (parts: readonly Uint8Array[]): Uint8Array => {
    const bytes = Buffer.concat(parts);
    hash.update(bytes);
    return bytes;
  };
  await writeFileAtomic(file, file.endsWith(".gz") ? gzipped(rows()) : rows());
  return hash.digest("hex");
}

async function* gzipped(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const zip = createGzip();
  const fed = pipeline(Readable.from(parts), zip);
  // An error also destroys `zip`, whose iteration then throws it.
  fed.catch(() => undefined);
  yield* zip as AsyncIterable<Uint8Array>;
  await fed;
}
