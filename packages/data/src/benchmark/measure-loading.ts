import { createReadStream } from "node:fs";
import path from "node:path";
import { imageCount } from "@mien/format";
import { readChunks } from "../csv/chunks.ts";
import { peakMemory } from "./peak-memory.ts";
import { loadDataset } from "../set/load-dataset.ts";
import { chooseManifest } from "../manifest/manifests.ts";
import { readCsv } from "../csv/read-csv.ts";

/** The ways to read a data set that `data:benchmark` compares. */
export const WAYS = {
  bytes: "bytes only, Node's stream",
  steps: "bytes only, 1 MiB steps",
  csv: ".csv, first load",
  quoted: ".csv by csv-parse",
  gz: ".csv.gz, first load",
  cache: "from the cache",
} as const;

/** The name of a way to read a data set. */
export type Way = keyof typeof WAYS;

export const WAY_NAMES = ["bytes", "steps", "csv", "quoted", "gz", "cache"] as const;

/** The measurement that a child process makes. */
export interface Task {
  readonly way: Way;
  /** Path of the `.csv`; for the way `gz`, of the `.csv.gz`. */
  readonly file: string;
  /** Cache folder: filled for the way `cache`, empty for the ways that fill it. */
  readonly cacheFolder: string;
}

/** The result of a measurement. */
export interface Measurement {
  readonly seconds: number;
  /** Largest resident memory of the process, in bytes. */
  readonly peakBytes: number;
  /** Size of the image set that was made, in bytes. */
  readonly resultBytes: number;
  readonly images: number;
}

/** Path of this module, which the child processes run. */
export const MEASURE_SCRIPT = import.meta.filename;

async function measure({ way, file, cacheFolder }: Task): Promise<Measurement> {
  const { manifest } = await chooseManifest(file, undefined);
  const start = performance.now();
  const set = await run();
  const seconds = (performance.now() - start) / 1000;
  const resultBytes =
    set === undefined
      ? 0
      : set.pixels.byteLength + set.labels.byteLength + set.usage.byteLength + set.row.byteLength;
  const images = set === undefined ? 0 : imageCount(set);
  return { seconds, peakBytes: await peakMemory(), resultBytes, images };

  async function run() {
    if (way === "bytes") return drain(createReadStream(file));
    if (way === "steps") return drain(readChunks(file, {}));
    if (way !== "quoted") return (await loadDataset({ csv: file, cacheFolder })).set;
    return (await readCsv(readChunks(file, {}), { file, manifest, quoted: true })).set;
  }
}

async function drain(chunks: AsyncIterable<unknown>): Promise<undefined> {
  for await (const chunk of chunks) void chunk;
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === MEASURE_SCRIPT) {
  const task = JSON.parse(process.argv[2] ?? "") as Task;
  process.stdout.write(JSON.stringify(await measure(task)));
}
