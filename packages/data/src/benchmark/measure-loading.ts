import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { imageCount } from "@mien/format";
import { readChunks } from "../csv/chunks.ts";
import { loadDataset } from "../set/load-dataset.ts";
import { chooseManifest } from "../manifest/manifests.ts";
import { readCsv } from "../csv/read-csv.ts";

/** The ways to get at a data set that `data:benchmark` compares. */
export const WAYS = {
  bytes: "bytes only, Node's stream",
  steps: "bytes only, 1 MiB steps",
  csv: ".csv, first load",
  quoted: ".csv by csv-parse",
  gz: ".csv.gz, first load",
  cache: "from the cache",
} as const;

/** One of them. */
export type Way = keyof typeof WAYS;

/** What a child process is told to measure. */
export interface Task {
  readonly way: Way;
  /** The `.csv`, or the `.csv.gz` for `gz`. */
  readonly file: string;
  /** Empty for the ways that fill it, filled for `cache`. */
  readonly cacheFolder: string;
}

/** What it measured. */
export interface Measurement {
  readonly seconds: number;
  /** Largest resident memory of the process, in bytes. */
  readonly peakBytes: number;
  /** Size of the image set that was made, in bytes. */
  readonly resultBytes: number;
  readonly images: number;
}

/** The path of this module, for running it as a process of its own. */
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

/** On Linux a child's `maxRSS` begins with its parent's memory, so the kernel's own mark is read. */
async function peakMemory(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
  return 1024 * (kilobytes === undefined ? process.resourceUsage().maxRSS : Number(kilobytes));
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === MEASURE_SCRIPT) {
  const task = JSON.parse(process.argv[2] ?? "") as Task;
  process.stdout.write(JSON.stringify(await measure(task)));
}
