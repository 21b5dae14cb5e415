import { existsSync } from "node:fs";
import { mkdir, readdir, rm, rmdir } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readRunConfig } from "@mien/cli";
import { MienError, messageOf, RUN_FILES, type RunConfig } from "@mien/format";
import { checkpointFile } from "./checkpoint.ts";
import { differencesOf, unfinishedRunError } from "./run-differences.ts";
import type { RequestedRun } from "./run-inputs.ts";
import { lockRun } from "./run-lock.ts";

/** The folder of a run and the state of the run in it. */
interface RunFolder {
  /**
   * `finished`: nothing is left to do; `unfinished`: the run can be resumed from its checkpoint;
   * `new`: there is no checkpoint yet.
   */
  readonly state: "finished" | "unfinished" | "new";
  readonly folder: string;
  /** The configuration of the finished or unfinished run; absent for a new one. */
  readonly config?: RunConfig;
}

/** A locked run folder: no other process can train in it until `release`. */
interface ClaimedRunFolder extends RunFolder {
  /** Removes the lock, and also the folder if this process made it and it is empty. */
  release(): Promise<void>;
}

/**
 * Finds the folder as `findRunFolder` does, then creates and locks it. The folder of a finished
 * run is not locked.
 *
 * @throws {MienError} as `findRunFolder` and `lockRun`; `environment` if the folder cannot be made.
 */
export async function claimRunFolder(
  base: string,
  requested: RequestedRun,
  options: { readonly fresh?: boolean } = {},
): Promise<ClaimedRunFolder> {
  for (;;) {
    const found = await findRunFolder(base, requested, options);
    const { folder } = found;
    if (found.state === "finished") return { ...found, release: () => Promise.resolve() };
    const made = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw new MienError("environment", `cannot make the folder ${folder}: ${messageOf(error)}`, {
        advice: "Check that it may be written to, or name another one with --out.",
        cause: error,
      });
    });
    const unlock = await lockRun(folder);
    const release = async () => {
      await unlock();
      // rmdir fails if the folder holds anything, which is intended.
      if (made !== undefined) await rmdir(folder).catch(() => undefined);
    };
    // Another process may have trained in the folder before it was locked.
    const now = await findRunFolder(base, requested, options).catch(async (error: unknown) => {
      await release();
      throw error;
    });
    if (isDeepStrictEqual(now, found)) return { ...found, release };
    await release();
  }
}

/**
 * Finds the folder for a training. If runs have the same inputs, it is the folder of the newest of
 * them. Else, if the newest of all runs was stopped before its first checkpoint, its folder is used
 * again. Else it is a new folder with the next free name of base, base-2, base-3 and so on.
 *
 * @param base the folder of the first run.
 * @param options.fresh start a new run even if one with the same inputs exists; default false.
 * @throws {MienError} `conflict` if the newest run is unfinished and has other inputs, `bad-data`
 * if the configuration of a run is damaged.
 * @internal exported for tests.
 */
export async function findRunFolder(
  base: string,
  requested: RequestedRun,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<RunFolder> {
  const folders = await numberedFolders(base);
  const free: RunFolder = { state: "new", folder: nextFree(base, folders) };
  if (fresh) return free;
  const runs = await Promise.all(
    folders
      .filter((folder) => existsSync(path.join(folder, RUN_FILES.config)))
      .map(async (folder) => ({ folder, config: await readConfig(folder) })),
  );
  const newest = runs.at(-1);
  const own = runs.findLast(({ config }) => differencesOf(config, requested).length === 0);
  if (own) return hasCheckpoint(own.folder) ? existing(own) : { state: "new", folder: own.folder };
  if (newest === undefined) return free;
  if (!hasCheckpoint(newest.folder)) return { state: "new", folder: newest.folder };
  if (existsSync(path.join(newest.folder, RUN_FILES.metrics))) return free;
  throw unfinishedRunError(newest.folder, newest.config, requested);
}

function existing({ folder, config }: { folder: string; config: RunConfig }): RunFolder {
  return { state: isFinished(folder) ? "finished" : "unfinished", folder, config };
}

/** Whether a run folder holds metrics and a model. A deleted model is written again from the checkpoint. */
export function isFinished(folder: string): boolean {
  const { metrics, model } = RUN_FILES;
  return [metrics, `${model}/model.json`, `${model}/weights.bin`].every((name) =>
    existsSync(path.join(folder, name)),
  );
}

/** Whether a run has finished an epoch: it has a checkpoint, or metrics. */
function hasCheckpoint(folder: string): boolean {
  return existsSync(checkpointFile(folder)) || existsSync(path.join(folder, RUN_FILES.metrics));
}

async function readConfig(folder: string): Promise<RunConfig> {
  try {
    return await readRunConfig(folder);
  } catch (error) {
    throw new MienError("bad-data", messageOf(error), {
      advice: `Move ${folder} away, or add --fresh to start a new run beside it.`,
      cause: error,
    });
  }
}

/** The folders base, base-2 and so on that are not empty, in the order of their numbers. */
async function numberedFolders(base: string): Promise<string[]> {
  const whole = path.resolve(base);
  const name = path.basename(whole);
  const entries = await readdir(path.dirname(whole)).catch(() => []);
  const numbers = entries
    .map((entry) => numberOf(entry, name))
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  const folders = numbers.map((number) => numbered(base, number));
  const free = await Promise.all(folders.map(isFree));
  return folders.filter((_, i) => !free[i]);
}

/** Whether a folder holds nothing except the lock and temporary files of a killed process. */
async function isFree(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => undefined);
  return names?.every((name) => name === "lock" || name.endsWith(".tmp")) ?? false;
}

/** The number of a folder: 1 for `name`, n for `name-n`, undefined for any other name. */
function numberOf(entry: string, name: string): number | undefined {
  if (entry === name) return 1;
  const suffix = entry.startsWith(`${name}-`) ? entry.slice(name.length + 1) : "";
  return /^([2-9]|[1-9]\d+)$/.test(suffix) ? Number(suffix) : undefined;
}

/**
 * The path of the folder with a number: `base` for 1, else `base-number`. It is relative to the
 * working directory if `base` is relative; for example, base `.` in a folder `here` gives
 * `../here-2` for 2.
 */
function numbered(base: string, number: number): string {
  const whole = path.resolve(base) + (number === 1 ? "" : `-${number}`);
  return path.isAbsolute(base) ? whole : path.relative("", whole) || ".";
}

function nextFree(base: string, folders: readonly string[]): string {
  const last = folders.at(-1);
  if (last === undefined) return numbered(base, 1);
  const name = path.basename(path.resolve(base));
  return numbered(base, (numberOf(path.basename(path.resolve(last)), name) ?? 1) + 1);
}

/** Removes the temporary files of a killed process from the folder of an unfinished run. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names) {
    if (/\.[0-9a-f]{8}\.tmp$/.test(name)) await rm(path.join(folder, name), { force: true });
  }
}
