import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { readRunConfig } from "@mien/cli";
import {
  MienError,
  messageOf,
  RUN_FILES,
  type EpochRecord,
  type RunConfig,
  type RunMetrics,
} from "@mien/format";
import { z } from "zod";
import { parameterCount } from "../network/parameter-count.ts";
import { readHistory } from "./history.ts";
import { isFinished } from "./run-folder.ts";
import { trainingProcess } from "./run-lock.ts";
import { readRunMetrics } from "./run-metrics.ts";

/** A run with all that lists and exports show of it. */
export interface ListedRun {
  /** The name of its folder. */
  readonly name: string;
  readonly folder: string;
  readonly config: RunConfig;
  /**
   * `finished`: it has a model and metrics; `training`: a running process trains in the folder;
   * `unfinished`: it was stopped, and can be resumed.
   */
  readonly state: "finished" | "training" | "unfinished";
  /** Id of the process that trains in the folder; present only while it runs. */
  readonly process?: number;
  /** The finished epochs, oldest first. */
  readonly history: readonly EpochRecord[];
  /** Number of epochs that the training has in all. */
  readonly epochs: number;
  /** Present if the run was finished; its model may have been deleted since. */
  readonly metrics?: RunMetrics;
  /** Number of trained values; undefined if this version of mien cannot build the network. */
  readonly parameters: number | undefined;
  /** When the training was started: the time at which its `config.json` was written. */
  readonly started: Date;
  /** When the last epoch ended; the start if there is none yet. */
  readonly lastEpoch: Date;
  /** Duration of all epochs, in s; time between a stop and the resumption does not count. */
  readonly seconds: number;
}

/** A folder among the runs that cannot be read as a run. */
export interface DamagedRun {
  readonly name: string;
  readonly folder: string;
  /** What is wrong with it, as a clause. */
  readonly reason: string;
}

/** The parts of a configuration that `ListedRun` depends on; `readRunConfig` checks less. */
const shownFields = z.object({
  data: z.object({ name: z.string(), sha256: z.string() }),
  classes: z.array(z.string()),
  input: z.object({ height: z.number(), width: z.number(), channels: z.number() }),
  hyperparameters: z.record(z.string(), z.unknown()),
});

/**
 * Reads all runs in a folder, newest start first. Files and hidden folders in it are ignored.
 *
 * @param folder the folder that holds the run folders.
 * @returns the runs, and the folders that are not readable as runs with the reasons, by name.
 * @throws {MienError} `missing-file` if the folder does not exist, `usage` if it is itself a run.
 */
export async function listRuns(folder: string): Promise<{
  readonly runs: readonly ListedRun[];
  readonly damaged: readonly DamagedRun[];
}> {
  if (!existsSync(folder)) throw new MienError("missing-file", `there is no folder ${folder}`);
  if (existsSync(path.join(folder, RUN_FILES.config))) {
    throw new MienError("usage", `${folder} is a run, not a folder of runs`, {
      advice: `Name the folder that holds it: ${path.dirname(path.resolve(folder))}.`,
    });
  }
  const names = (await readdir(folder)).filter((name) => !name.startsWith(".")).sort();
  const runs: ListedRun[] = [];
  const damaged: DamagedRun[] = [];
  for (const name of names) {
    const place = path.join(folder, name);
    const stats = await stat(place).catch(() => undefined);
    if (!stats?.isDirectory()) continue;
    try {
      runs.push(await readRun(place));
    } catch (error) {
      damaged.push({ name, folder: place, reason: messageOf(error) });
    }
  }
  runs.sort((a, b) => b.started.getTime() - a.started.getTime());
  return { runs, damaged };
}

async function readRun(folder: string): Promise<ListedRun> {
  const configFile = path.join(folder, RUN_FILES.config);
  const process = await trainingProcess(folder);
  if (!existsSync(configFile)) {
    throw new MienError(
      "missing-file",
      process === undefined
        ? `it has no ${RUN_FILES.config}`
        : `process ${process} is starting a training in it`,
    );
  }
  const config = await readRunConfig(folder);
  const { success, error } = shownFields.safeParse(config);
  if (!success) {
    const places = error.issues.map((issue) => issue.path.join("."));
    throw new MienError("bad-data", `${configFile} has no valid ${places.join(", ")}`);
  }
  const history = await readHistory(folder);
  const started = (await stat(configFile)).mtime;
  const historyStats = await stat(path.join(folder, RUN_FILES.history)).catch(() => undefined);
  const hasMetrics = existsSync(path.join(folder, RUN_FILES.metrics));
  const stopped = isFinished(folder) ? "finished" : "unfinished";
  return {
    name: path.basename(path.resolve(folder)),
    folder,
    config,
    state: process === undefined ? stopped : "training",
    ...(process !== undefined && { process }),
    history,
    epochs: Number(config.hyperparameters["epochs"]),
    ...(hasMetrics && { metrics: await readRunMetrics(folder) }),
    parameters: parameterCount(config),
    started,
    lastEpoch: historyStats?.mtime ?? started,
    seconds: history.reduce((sum, { seconds }) => sum + (Number(seconds) || 0), 0),
  };
}
