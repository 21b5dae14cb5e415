import { execFile } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, createGzip } from "node:zlib";
import { csvOption, defineCommand, formatBytes, type CommandContext } from "@mien/cli";
import {
  MEASURE_SCRIPT,
  WAYS,
  type Measurement,
  type Task,
  type Way,
} from "../benchmark/measure-loading.ts";

/** What loading must not exceed; `times` is relative to reading the bytes by Node's stream. */
const LIMITS = { times: 5, beyondBytes: 300e6, cacheSeconds: 0.3 };

/** Figures of one way over all rounds. */
interface Summary {
  readonly way: Way;
  /** Median, smallest and largest. */
  readonly seconds: { readonly median: number; readonly min: number; readonly max: number };
  /** Median, relative to `bytes`. */
  readonly times: number;
  readonly peakBytes: number;
  /** Peak memory less the result's size. */
  readonly beyondBytes: number;
}

/** Measures how fast a data set loads, against the time of reading its bytes. */
export const benchmarkCommand = defineCommand({
  name: "benchmark",
  summary: "Measure the time and memory that loading a data set takes",
  details:
    "Compares loading from .csv, from .csv.gz and from the cache with reading the bytes of the file alone. " +
    "Each measurement runs in a process of its own, and the ways to load alternate, so that other load on the machine affects all alike. " +
    'Memory is the peak of the process; the column "beyond" is that without the size of the images.',
  examples: [
    "npx nx run data:benchmark",
    "npx nx run data:benchmark --rounds 3 --json /tmp/load.json",
  ],
  options: {
    csv: csvOption,
    rounds: {
      type: "integer",
      description: "Measurements of each way to load",
      unit: "rounds",
      default: 5,
      min: 1,
      max: 100,
    },
  },
  run: async ({ csv, rounds }, { terminal, signal }) => {
    const { locateDataset } = await import("../set/locate-dataset.ts");
    const source = await locateDataset(csv);
    const folder = await mkdtemp(path.join(tmpdir(), "mien-benchmark-"));
    const ways = Object.keys(WAYS) as Way[];
    const progress = terminal.progress("measuring", rounds * ways.length);
    try {
      const files = await bothForms(source, folder, signal);
      const warm = path.join(folder, "warm");
      await measure({ way: "csv", file: files.csv, cacheFolder: warm }, signal);
      const measured = new Map<Way, Measurement[]>(ways.map((way) => [way, []]));
      for (let round = 0; round < rounds; round++) {
        for (const [place, way] of ways.entries()) {
          const cold = path.join(folder, "cold");
          const file = way === "gz" ? files.gz : files.csv;
          const cacheFolder = way === "cache" ? warm : cold;
          measured.get(way)?.push(await measure({ way, file, cacheFolder }, signal));
          await rm(cold, { recursive: true, force: true });
          progress.update(round * ways.length + place + 1, WAYS[way]);
        }
      }
      progress.stop();
      const bytes = median((measured.get("bytes") ?? []).map(({ seconds }) => seconds));
      const summaries = ways.map((way) => summarise(way, measured.get(way) ?? [], bytes));
      report(source, rounds, summaries, terminal);
      return {
        source,
        rounds,
        limits: LIMITS,
        summaries,
        measurements: Object.fromEntries(measured),
      };
    } finally {
      progress.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/** The data set as `.csv` and as `.csv.gz`; the missing form is made in `folder`. */
async function bothForms(source: string, folder: string, signal: AbortSignal) {
  const zipped = source.endsWith(".gz");
  const base = path.basename(source).replace(/\.gz$/, "");
  const other = path.join(folder, zipped ? base : `${base}.gz`);
  const coder = zipped ? createGunzip() : createGzip();
  await pipeline(createReadStream(source), coder, createWriteStream(other), { signal });
  return zipped ? { csv: other, gz: source } : { csv: source, gz: other };
}

async function measure(task: Task, signal: AbortSignal): Promise<Measurement> {
  const words = [...process.execArgv, MEASURE_SCRIPT, JSON.stringify(task)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { signal });
  return JSON.parse(stdout) as Measurement;
}

function summarise(way: Way, measurements: readonly Measurement[], bytes: number): Summary {
  const seconds = measurements.map((measurement) => measurement.seconds);
  const beyond = measurements.map(({ peakBytes, resultBytes }) => peakBytes - resultBytes);
  return {
    way,
    seconds: { median: median(seconds), min: Math.min(...seconds), max: Math.max(...seconds) },
    times: median(seconds) / bytes,
    peakBytes: Math.max(...measurements.map(({ peakBytes }) => peakBytes)),
    beyondBytes: Math.max(...beyond),
  };
}

function report(
  source: string,
  rounds: number,
  summaries: readonly Summary[],
  terminal: CommandContext["terminal"],
): void {
  terminal.say(`${source}, ${rounds} rounds, Node ${process.versions.node}`);
  terminal.table(
    ["way", "median", "from", "to", "× bytes", "peak memory", "beyond"],
    summaries.map(({ way, seconds, times, peakBytes, beyondBytes }) => [
      WAYS[way],
      `${seconds.median.toFixed(2)} s`,
      `${seconds.min.toFixed(2)} s`,
      `${seconds.max.toFixed(2)} s`,
      times.toFixed(1),
      formatBytes(peakBytes),
      formatBytes(beyondBytes),
    ]),
  );
  const of = (way: Way) => summaries.find((summary) => summary.way === way) as Summary;
  const mark = (kept: boolean) => (kept ? "✓" : "✗");
  const { csv, cache } = { csv: of("csv"), cache: of("cache") };
  terminal.say(
    `${mark(csv.times <= LIMITS.times)} the .csv loads in ${csv.times.toFixed(1)} × the time of reading its bytes (limit ${LIMITS.times})`,
  );
  terminal.say(
    `${mark(csv.beyondBytes <= LIMITS.beyondBytes)} it takes ${formatBytes(csv.beyondBytes)} beyond the images (limit ${formatBytes(LIMITS.beyondBytes)})`,
  );
  terminal.say(
    `${mark(cache.seconds.median < LIMITS.cacheSeconds)} from the cache it takes ${cache.seconds.median.toFixed(2)} s (limit ${LIMITS.cacheSeconds} s)`,
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}
