import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ImageSet } from "@mien/format";
import { findNearCopies } from "../near/near-copies.ts";

/** The images that a child process searches. */
export interface SearchTask {
  /** Pixels of all images, uint8 [N, height, width, channels]. */
  readonly file: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The result of a search for near-copies. */
interface FileSearch {
  /** Milliseconds from opening the file to the last pair. */
  readonly durations: readonly number[];
  /** Positions of two near-copies. */
  readonly pairs: readonly (readonly [number, number])[];
}

/** Path of this module, which a child process runs with a `SearchTask` as JSON. */
export const SEARCH_SCRIPT = import.meta.filename;

async function searchFile({ file, height, width, channels }: SearchTask): Promise<FileSearch> {
  const start = performance.now();
  const pixels = await readFile(file);
  const count = pixels.length / (height * width * channels);
  const set: ImageSet = {
    ...{ width, height, channels, pixels, classes: [""] },
    labels: new Uint8Array(count),
    usage: new Uint8Array(count),
    row: Uint32Array.from({ length: count }, (_, i) => i),
  };
  const found = await findNearCopies(set);
  const pairs = found.map(({ a, b }) => [a, b] as const);
  return { durations: [performance.now() - start], pairs };
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === SEARCH_SCRIPT) {
  const task = JSON.parse(process.argv[2] ?? "") as SearchTask;
  process.stdout.write(JSON.stringify(await searchFile(task)));
}
