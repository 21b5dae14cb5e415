import { existsSync } from "node:fs";
import { mkdir, readdir, rmdir } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { flagOf, readRunConfig, shellQuote } from "@mien/cli";
import { MienError, messageOf, RUN_FILES, type RunConfig } from "@mien/format";
import { checkpointFile } from "./checkpoint.ts";
import { configSchema, resolveConfig } from "../config.ts";
import { lockRun } from "./run-lock.ts";
import { inputsOf } from "./run.ts";

/** A run that is asked for, before it has a folder. */
export type WantedRun = Omit<RunConfig, "name">;

/** Where a run with certain inputs stands. */
export interface RunPlace {
  /** `finished`: nothing to do; `unfinished`: go on with it; `new`: no epoch of it is done yet. */
  readonly state: "finished" | "unfinished" | "new";
  readonly folder: string;
  /** What the run that stands there was made from; absent for a new one. */
  readonly config?: RunConfig;
}

/** A place that no other process trains in until it is released. */
export interface TakenPlace extends RunPlace {
  /** Lets others in; a folder that was made for nothing is removed. */
  release(): Promise<void>;
}

/**
 * As `findRunPlace`, but makes the folder and locks it, unless the run in it is finished.
 *
 * @throws {MienError} as `findRunPlace` and `lockRun`; `environment` if the folder cannot be made.
 */
export async function takeRunPlace(
  base: string,
  wanted: WantedRun,
  options: { readonly fresh?: boolean } = {},
): Promise<TakenPlace> {
  for (;;) {
    const place = await findRunPlace(base, wanted, options);
    const { folder } = place;
    if (place.state === "finished") return { ...place, release: () => Promise.resolve() };
    const made = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw new MienError("environment", `cannot make the folder ${folder}: ${messageOf(error)}`, {
        advice: "Check that it may be written to, or name another one with --out.",
        cause: error,
      });
    });
    const unlock = await lockRun(folder);
    const release = async () => {
      await unlock();
      // Fails on purpose if anything is in it.
      if (made !== undefined) await rmdir(folder).catch(() => undefined);
    };
    // Another process may have trained there between the look and the lock.
    const now = await findRunPlace(base, wanted, options).catch(async (error: unknown) => {
      await release();
      throw error;
    });
    if (isDeepStrictEqual(now, place)) return { ...place, release };
    await release();
  }
}

/**
 * Decides which folder a training belongs to: that of the newest run with the same inputs if there
 * is one, else the next free name of base, base-2, base-3 and so on. The newest run is replaced if
 * it was stopped before its first checkpoint, as it holds no work.
 *
 * @param base the folder that the first run gets.
 * @param options.fresh start a new run, whatever there is.
 * @throws {MienError} `conflict` if the newest run is unfinished and has other inputs, `bad-data`
 * if the configuration of a run is damaged.
 */
export async function findRunPlace(
  base: string,
  wanted: WantedRun,
  { fresh = false }: { readonly fresh?: boolean } = {},
): Promise<RunPlace> {
  const folders = await foldersLike(base);
  const free: RunPlace = { state: "new", folder: nextFree(base, folders) };
  if (fresh) return free;
  const runs = await Promise.all(
    folders
      .filter((folder) => existsSync(path.join(folder, RUN_FILES.config)))
      .map(async (folder) => ({ folder, config: await readConfig(folder) })),
  );
  const newest = runs.at(-1);
  const own = runs.findLast(({ config }) => differencesOf(config, wanted).length === 0);
  if (own) return holdsWork(own.folder) ? standing(own) : { state: "new", folder: own.folder };
  if (newest === undefined) return free;
  if (!holdsWork(newest.folder)) return { state: "new", folder: newest.folder };
  if (existsSync(path.join(newest.folder, RUN_FILES.metrics))) return free;
  throw unfinishedConflict(newest.folder, newest.config, wanted);
}

function standing({ folder, config }: { folder: string; config: RunConfig }): RunPlace {
  const { metrics, model } = RUN_FILES;
  // A model that was deleted is made again from the checkpoint.
  const isFinished = [metrics, `${model}/model.json`, `${model}/weights.bin`].every((name) =>
    existsSync(path.join(folder, name)),
  );
  return { state: isFinished ? "finished" : "unfinished", folder, config };
}

function holdsWork(folder: string): boolean {
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

/** Existing folders called base, base-2 and so on, in that order, unless nothing is in them. */
async function foldersLike(base: string): Promise<string[]> {
  const whole = path.resolve(base);
  const name = path.basename(whole);
  const entries = await readdir(path.dirname(whole)).catch(() => []);
  const numbers = entries
    .map((entry) => numberOf(entry, name))
    .filter((number) => number !== undefined)
    .sort((a, b) => a - b);
  const folders = numbers.map((number) => sibling(base, number));
  const free = await Promise.all(folders.map(isFree));
  return folders.filter((_, i) => !free[i]);
}

/** Whether a folder holds nothing but what a process leaves that was killed before it began. */
async function isFree(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => undefined);
  return names?.every((name) => name === "lock" || name.endsWith(".tmp")) ?? false;
}

/** 1 for `name` itself, n for `name-n`, else undefined. */
function numberOf(entry: string, name: string): number | undefined {
  if (entry === name) return 1;
  const suffix = entry.startsWith(`${name}-`) ? entry.slice(name.length + 1) : "";
  return /^([2-9]|[1-9]\d+)$/.test(suffix) ? Number(suffix) : undefined;
}

/** base, base-2 and so on, as short as it can be written: for `.` that is `.`, `../here-2`. */
function sibling(base: string, number: number): string {
  const whole = path.resolve(base) + (number === 1 ? "" : `-${number}`);
  return path.isAbsolute(base) ? whole : path.relative("", whole) || ".";
}

function nextFree(base: string, folders: readonly string[]): string {
  const last = folders.at(-1);
  if (last === undefined) return sibling(base, 1);
  const name = path.basename(path.resolve(base));
  return sibling(base, (numberOf(path.basename(path.resolve(last)), name) ?? 1) + 1);
}

function unfinishedConflict(folder: string, config: RunConfig, wanted: WantedRun): MienError {
  const differences = differencesOf(config, wanted);
  const lines = differences.map(({ name, before, now }) => `  ${name}: ${before} → ${now}`);
  const ways = differences.map((difference) => wayBack(difference, config, wanted));
  const lost = new Set(ways.flatMap((way) => way.lost ?? []));
  const flags = new Set(ways.flatMap((way) => way.flag ?? []));
  const toFinish =
    lost.size > 0
      ? `It cannot be finished any more: ${[...lost].join(", ")}.`
      : `To finish it, repeat its settings: ${[...flags].join(" ")}`;
  return new MienError(
    "conflict",
    `${folder} is unfinished and was started with other inputs:\n${lines.join("\n")}`,
    { advice: `${toFinish}\nTo start a new run beside it, add --fresh; nothing is deleted.` },
  );
}

/** How to give an input its former value: by a flag, or not at all; neither if others imply it. */
function wayBack(
  { name, before }: Difference,
  old: WantedRun,
  now: WantedRun,
): { readonly flag?: string; readonly lost?: string } {
  const isLayout = name === "classes" || name === "input";
  const source = isLayout ? "data" : name;
  if (source === "data" || source === "votes" || source === "teacher") {
    const [file, other] = [old[source]?.path, now[source]?.path];
    if (file === undefined) return {};
    const flag = { data: "--csv", votes: "--ferplus", teacher: "--teacher" }[source];
    const isElsewhere = other === undefined || path.resolve(file) !== path.resolve(other);
    if (isElsewhere) return { flag: `${flag} ${shellQuote(file)}` };
    return { lost: `${isLayout ? `the manifest of ${file}` : file} has changed` };
  }
  const isKnown = name === "seed" || Object.hasOwn(configSchema.shape, name);
  return isKnown
    ? { flag: `${flagOf(name)} ${before}` }
    : { lost: `this version has no ${flagOf(name)}` };
}

/** An input that two runs do not share, with both values as text. */
interface Difference {
  readonly name: string;
  readonly before: string;
  readonly now: string;
}

/** What differs between two runs; nothing if they are the same one. */
function differencesOf(before: WantedRun, now: WantedRun): Difference[] {
  type Value = string | number | readonly (string | number)[];
  const flat = (config: WantedRun) => {
    const { hyperparameters, ...rest } = inputsOf(config);
    const { height, width, channels } = config.input;
    const layout = { classes: config.classes, input: `${height}×${width}×${channels}` };
    // What was no setting yet when the run began, was what is its default now.
    const all = { ...rest, ...layout, ...resolveConfig({}), ...hyperparameters };
    return all as Record<string, Value>;
  };
  const [a, b] = [flat(before), flat(now)];
  const text = (name: string, value: Value | undefined) => {
    if (value === undefined) return "(none)";
    return ["data", "votes", "teacher"].includes(name) ? String(value).slice(0, 12) : String(value);
  };
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((name) => !isDeepStrictEqual(a[name], b[name]))
    .map((name) => ({ name, before: text(name, a[name]), now: text(name, b[name]) }));
}
