import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { runProgram, type Program } from "@mien/cli";
import { imageCount, imagesAt, random } from "@mien/format";
import { peakMemory } from "../peak-memory.ts";
import { loadDataset, MOST_IN_MEMORY } from "../../set/load-dataset.ts";

/** What a child process does with a set. */
export type LargeWork = "load" | "load again" | "batches" | "explore";

/** The measurement that a child process makes, in a working folder of its own. */
export interface LargeTask {
  readonly work: LargeWork;
  readonly csv: string;
  /** Path of the module with the package's commands. */
  readonly commands: string;
  /** The file that the process writes its measurement to. */
  readonly result: string;
}

/** The result of a measurement. */
export interface LargeMeasurement {
  readonly seconds: number;
  /** Images that were read; for batches, with repetitions. */
  readonly images: number;
  /** Largest resident memory of the process, in bytes. */
  readonly peakBytes: number;
}

/** Path of this module, which the child processes run. */
export const LARGE_SCRIPT = import.meta.filename;

/** Images of a batch, and number of batches. */
const BATCH = { images: 128, count: 1500 };

async function work({ work: kind, csv, commands }: LargeTask): Promise<number> {
  const load = () => loadDataset({ csv, mostInMemory: MOST_IN_MEMORY });
  if (kind === "explore") {
    const { program } = (await import(pathToFileURL(commands).href)) as { program: Program };
    await runProgram(program, ["explore", "--csv", csv, "--out", "report"]);
    if (process.exitCode) throw new Error(`explore ended with code ${process.exitCode}`);
    return imageCount((await load()).set);
  }
  const { set } = await load();
  if (kind !== "batches") return imageCount(set);
  const chance = random("batches");
  let sum = 0;
  for (let i = 0; i < BATCH.count; i++) {
    const positions = Int32Array.from({ length: BATCH.images }, () =>
      chance.integer(imageCount(set)),
    );
    sum += imagesAt(set, positions)[0] ?? 0;
  }
  if (sum === 0) throw new Error("the batches are empty");
  return BATCH.images * BATCH.count;
}

async function measure(task: LargeTask): Promise<void> {
  const start = performance.now();
  const images = await work(task);
  const seconds = (performance.now() - start) / 1000;
  const measurement: LargeMeasurement = { seconds, images, peakBytes: await peakMemory() };
  writeFileSync(task.result, JSON.stringify(measurement));
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === LARGE_SCRIPT) {
  // Without await: the commands import this module, and would wait for its end.
  void measure(JSON.parse(process.argv[2] ?? "") as LargeTask);
}
