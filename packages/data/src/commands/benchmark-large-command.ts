import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describeEnvironment, sayEnvironment, stopIfAborted } from "@mien/bench";
import { defineCommand, formatBytes, readJson, type Terminal } from "@mien/cli";
import { MienError } from "@mien/format";
import { generateImages, SIDE } from "../benchmark/large/generate-images.ts";
import {
  LARGE_SCRIPT,
  type LargeMeasurement,
  type LargeTask,
  type LargeWork,
} from "../benchmark/large/measure-large.ts";

/** Images of the small set, which fits into memory: as many as FER2013 has. */
const SMALL_IMAGES = 35_887;
/** Limits of the large set: memory beyond that of the small set, and time per image. */
const LIMITS = { beyondBytes: 500e6, times: 1.2 };
/** Bytes on disk for each byte of pixels: the CSV, the cache, and the small set. */
const DISK_FACTOR = 5;
const WORKS: readonly LargeWork[] = ["load", "load again", "batches", "explore"];

const NAMES: Readonly<Record<LargeWork, string>> = {
  load: "load the CSV the first time",
  "load again": "load from the cache",
  batches: "read batches of 128 at random",
  explore: "data:explore",
};

/** `data:benchmark-large`: proves that sets larger than memory can be used. */
export const benchmarkLargeCommand = defineCommand({
  name: "benchmark-large",
  summary: "Measure the memory and time that a data set larger than memory takes",
  details:
    `Generates a CSV with so many different images of ${SIDE}×${SIDE} pixels, and one with ${SMALL_IMAGES} images, in a temporary folder, which is deleted at the end. ` +
    "Loads them, reads random batches and runs data:explore, each in a process of its own, and compares peak memory and time per image. " +
    "Needs disk space of five times the size; set TMPDIR to choose the disk.",
  examples: ["npx nx run data:benchmark-large", "npx nx run data:benchmark-large --gigabytes 1"],
  options: {
    gigabytes: {
      type: "number",
      description: "Size of the pixels of the large set",
      unit: "gigabytes",
      default: 6,
      min: 0.01,
      max: 100,
    },
    seed: {
      type: "integer",
      unit: null,
      description: "Random seed of the generated images",
      default: 1,
      min: 0,
      group: "run",
    },
  },
  run: async ({ gigabytes, seed }, { terminal, signal }) => {
    const count = Math.ceil((gigabytes * 1e9) / (SIDE * SIDE));
    const folder = await mkdtemp(path.join(tmpdir(), "mien-large-"));
    try {
      await checkSpace(folder, gigabytes * 1e9 * DISK_FACTOR);
      const sets = [
        { name: "small", count: Math.min(SMALL_IMAGES, count) },
        { name: "large", count },
      ] as const;
      const figures = new Map<string, LargeMeasurement>();
      for (const { name, count: images } of sets) {
        const csv = path.join(folder, `${name}.csv`);
        const progress = terminal.progress(`generating the ${name} set, images`, images);
        const onProgress = (done: number) => progress.update(done);
        await generateImages(csv, { count: images, seed, signal, onProgress }).finally(() =>
          progress.stop(),
        );
        for (const work of WORKS) {
          terminal.say(`${name} set: ${NAMES[work]}`);
          figures.set(`${name} ${work}`, await measure({ work, csv, folder, signal }));
        }
        await rm(csv);
      }
      return report(terminal, { figures, count, gigabytes });
    } catch (error) {
      stopIfAborted(signal);
      throw error;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/** Measures one kind of work in a child process whose working folder holds its cache. */
async function measure(task: {
  work: LargeWork;
  csv: string;
  folder: string;
  signal: AbortSignal;
}): Promise<LargeMeasurement> {
  const { work, csv, folder, signal } = task;
  const cwd = path.join(folder, `work-${path.basename(csv, ".csv")}`);
  await mkdir(cwd, { recursive: true });
  const result = path.join(folder, "measurement.json");
  // By its path, because that module imports this one.
  const commands = path.join(import.meta.dirname, `../program${path.extname(LARGE_SCRIPT)}`);
  const given: LargeTask = { work, csv, commands, result };
  const words = [...process.execArgv.map(absolute), LARGE_SCRIPT, JSON.stringify(given)];
  await promisify(execFile)(process.execPath, words, { signal, cwd, maxBuffer: 1 << 26 });
  return (await readJson(result)) as LargeMeasurement;
}

/** An option of Node with the address of a module, so that the module is found from another folder. */
function absolute(option: string): string {
  return option === "tsx" ? import.meta.resolve("tsx") : option;
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= needed) return;
  throw new MienError(
    "environment",
    `${folder} has ${formatBytes(bavail * bsize)} free; ${formatBytes(needed)} are needed`,
    { advice: "Set TMPDIR to a folder on a larger disk, or choose fewer --gigabytes." },
  );
}

function report(
  terminal: Terminal,
  measured: { figures: ReadonlyMap<string, LargeMeasurement>; count: number; gigabytes: number },
) {
  const { figures, count, gigabytes } = measured;
  const environment = describeEnvironment(import.meta.url, []);
  terminal.say(`${count} images of ${SIDE}×${SIDE} pixels, ${gigabytes} GB of pixels`);
  sayEnvironment(terminal, environment);
  const rows = WORKS.flatMap((work) => {
    const [small, large] = [figures.get(`small ${work}`), figures.get(`large ${work}`)];
    if (small === undefined || large === undefined) return [];
    const perImage = ({ seconds, images }: LargeMeasurement) => (1e6 * seconds) / images;
    const times = perImage(large) / perImage(small);
    const beyondBytes = large.peakBytes - small.peakBytes;
    return [
      { work, small, large, times, beyondBytes, perImage: [perImage(small), perImage(large)] },
    ];
  });
  terminal.table(
    ["", "small µs/image", "large µs/image", "×", "small peak", "large peak", "large takes"],
    rows.map(({ work, small, large, times, perImage }) => [
      NAMES[work],
      (perImage[0] ?? 0).toFixed(1),
      (perImage[1] ?? 0).toFixed(1),
      times.toFixed(2),
      formatBytes(small.peakBytes),
      formatBytes(large.peakBytes),
      `${large.seconds.toFixed(1)} s`,
    ]),
  );
  const peak = Math.max(...rows.map(({ large }) => large.peakBytes));
  const mark = (isKept: boolean) => (isKept ? "✓" : "✗");
  terminal.say(
    `${mark(peak <= LIMITS.beyondBytes)} the peak memory of any process is ${formatBytes(peak)} (limit ${formatBytes(LIMITS.beyondBytes)})`,
  );
  for (const { work, times } of rows) {
    if (work === "batches") continue;
    terminal.say(
      `${mark(times <= LIMITS.times)} ${NAMES[work]}: ${times.toFixed(2)} × the time per image of the small set (limit ${LIMITS.times})`,
    );
  }
  return { ...environment, images: count, gigabytes, limits: LIMITS, rows };
}
