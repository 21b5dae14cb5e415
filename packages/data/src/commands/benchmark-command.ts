import { execFile } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGunzip, createGzip } from "node:zlib";
import {
  alternate,
  benchmarkTable,
  type Contender,
  describeEnvironment,
  type Environment,
  sayEnvironment,
  stopIfAborted,
  summarise,
  type Summary,
  type Turn,
} from "@mien/bench";
import { csvOption, defineCommand, formatBytes, type CommandContext } from "@mien/cli";
import {
  MEASURE_SCRIPT,
  WAY_NAMES,
  WAYS,
  type Measurement,
  type Task,
  type Way,
} from "../benchmark/measure-loading.ts";

/** Upper limits of loading; `times` is a multiple of the time to read the bytes with Node's stream. */
const LIMITS = { times: 5, beyondBytes: 300e6, cacheSeconds: 0.3 };

/** Figures of one way to load over all rounds. */
interface WaySummary {
  readonly way: Way;
  readonly seconds: Summary;
  /** Median time as a multiple of the median time of `bytes`. */
  readonly times: number;
  readonly peakBytes: number;
  /** Peak memory minus the size of the images, in bytes. */
  readonly beyondBytes: number;
}

/**
 * `data:benchmark`: compares the time to load a data set with the time to read the bytes of its
 * file.
 */
export const benchmarkCommand = defineCommand({
  name: "benchmark",
  summary: "Measure the time and memory that loading a data set takes",
  details:
    "Compares loading from .csv, from .csv.gz and from the cache with reading the bytes of the file alone. " +
    "Each measurement runs in a process of its own, and the ways to load alternate, so that other programs on the machine affect all of them equally. " +
    'Memory is the peak of the process; the column "beyond" is the peak minus the size of the images.',
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
    const source = await locateDataset(csv, { terminal, signal });
    const folder = await mkdtemp(path.join(tmpdir(), "mien-benchmark-"));
    const environment = describeEnvironment(import.meta.url, ["csv-parse"]);
    const progress = terminal.progress("measuring", 100);
    try {
      const files = await bothForms(source, folder, signal);
      const warm = path.join(folder, "warm");
      await measure({ way: "csv", file: files.csv, cacheFolder: warm }, signal);
      const contenders = WAY_NAMES.map((way) => {
        const file = way === "gz" ? files.gz : files.csv;
        const cold = path.join(folder, "cold");
        return loadContender({ way, file, cacheFolder: way === "cache" ? warm : cold }, signal);
      });
      const turns = await alternate(contenders, {
        amount: { rounds },
        warmUpCalls: 0,
        signal,
        onProgress: (share, name) => progress.update(Math.round(100 * share), name),
      });
      progress.stop();
      const measured = WAY_NAMES.map((way, i) => ({
        way,
        measurements: (turns[i] ?? []).map(({ measurement }) => measurement),
      }));
      const summaries = summariseWays(measured);
      report(terminal, { source, rounds, environment, summaries });
      return {
        ...environment,
        source,
        rounds,
        limits: LIMITS,
        summaries,
        measurements: Object.fromEntries(
          measured.map(({ way, measurements }) => [way, measurements]),
        ),
      };
    } catch (error) {
      stopIfAborted(signal);
      throw error;
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

/** Measures one load in a child process. */
interface LoadTurn extends Turn {
  readonly measurement: Measurement;
}

function loadContender(task: Task, signal: AbortSignal): Contender<LoadTurn> {
  return {
    name: WAYS[task.way],
    async turn() {
      const measurement = await measure(task, signal);
      if (task.way !== "cache") await rm(task.cacheFolder, { recursive: true, force: true });
      return { durations: [1000 * measurement.seconds], measurement };
    },
  };
}

async function measure(task: Task, signal: AbortSignal): Promise<Measurement> {
  const words = [...process.execArgv, MEASURE_SCRIPT, JSON.stringify(task)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { signal });
  return JSON.parse(stdout) as Measurement;
}

interface MeasuredWay {
  readonly way: Way;
  readonly measurements: readonly Measurement[];
}

function summariseWays(measured: readonly MeasuredWay[]): WaySummary[] {
  const timed = measured.map(({ way, measurements }) => ({
    way,
    seconds: summarise(measurements.map(({ seconds }) => seconds)),
    peak: summarise(measurements.map(({ peakBytes }) => peakBytes)),
    beyond: summarise(measurements.map(({ peakBytes, resultBytes }) => peakBytes - resultBytes)),
  }));
  const bytes = timed.find(({ way }) => way === "bytes")?.seconds.median ?? NaN;
  return timed.map(({ way, seconds, peak, beyond }) => ({
    way,
    seconds,
    times: seconds.median / bytes,
    peakBytes: peak.max,
    beyondBytes: beyond.max,
  }));
}

/** What the command prints. */
interface Report {
  readonly source: string;
  readonly rounds: number;
  readonly environment: Environment;
  readonly summaries: readonly WaySummary[];
}

function report(
  terminal: CommandContext["terminal"],
  { source, rounds, environment, summaries }: Report,
): void {
  terminal.say(`${source}, ${rounds} rounds`);
  sayEnvironment(terminal, environment);
  benchmarkTable(terminal, summaries, [
    ["way", ({ way }) => WAYS[way]],
    ["median", ({ seconds }) => `${seconds.median.toFixed(2)} s`],
    ["from", ({ seconds }) => `${seconds.min.toFixed(2)} s`],
    ["to", ({ seconds }) => `${seconds.max.toFixed(2)} s`],
    ["× bytes", ({ times }) => times.toFixed(1)],
    ["peak memory", ({ peakBytes }) => formatBytes(peakBytes)],
    ["beyond", ({ beyondBytes }) => formatBytes(beyondBytes)],
  ]);
  const mark = (isKept: boolean) => (isKept ? "✓" : "✗");
  for (const { way, seconds, times, beyondBytes } of summaries) {
    if (way === "csv") {
      terminal.say(
        `${mark(times <= LIMITS.times)} the .csv loads in ${times.toFixed(1)} × the time of reading its bytes (limit ${LIMITS.times})`,
      );
      terminal.say(
        `${mark(beyondBytes <= LIMITS.beyondBytes)} its peak memory is ${formatBytes(beyondBytes)} more than the size of the images (limit ${formatBytes(LIMITS.beyondBytes)})`,
      );
    }
    if (way === "cache") {
      terminal.say(
        `${mark(seconds.median < LIMITS.cacheSeconds)} loading from the cache takes ${seconds.median.toFixed(2)} s (limit ${LIMITS.cacheSeconds} s)`,
      );
    }
  }
}
