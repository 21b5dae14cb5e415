import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { codeVersion, flagOf, readJson, readRunConfig } from "@mien/cli";
import { MienError, RUN_FILES, type RunConfig, type RunMetrics } from "@mien/format";

/** Everything that decides what a training run comes out as. */
export type RunInputs = Pick<RunConfig, "split" | "seed" | "hyperparameters"> & {
  /** SHA-256 of the uncompressed CSV. */
  readonly data: string;
  /** SHA-256 of the FER+ votes; absent if none take part. */
  readonly votes?: string;
  /** SHA-256 of the teacher's answers; absent if none take part. */
  readonly teacher?: string;
};

/** Where a run with certain inputs stands. */
export interface RunPlace {
  /** `finished`: nothing to do; `unfinished`: go on with it; `new`: nothing there yet. */
  readonly state: "finished" | "unfinished" | "new";
  readonly folder: string;
  /** Whether other code than today's made it; always false for a new one. */
  readonly otherCode: boolean;
}

/** The inputs of a run that was started. */
export function inputsOf(config: RunConfig): RunInputs {
  const { data, votes, teacher, split, seed, hyperparameters } = config;
  return {
    data: data.sha256,
    ...(votes && { votes: votes.sha256 }),
    ...(teacher && { teacher: teacher.sha256 }),
    split,
    seed,
    hyperparameters,
  };
}

/** A text that is the same for equal inputs, whatever the order of their keys. */
export function inputsKey(inputs: RunInputs): string {
  return JSON.stringify(inputs, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** A hash of the code that decides how a run comes out. */
export function trainingCode(): Promise<string> {
  // The packages lie side by side, whether as sources or built.
  const here = import.meta.dirname;
  const kind = path.basename(here);
  const folders = ["train", "data", "format"].map((name) => path.join(here, "../..", name, kind));
  return codeVersion(folders);
}

/**
 * Decides which folder a training with these inputs belongs to: a run with the same inputs if
 * there is one, else the next free name of base, base-2, base-3 and so on.
 *
 * @param base the folder that the first run gets.
 * @param options.fresh start a new run, whatever there is.
 * @throws {MienError} `conflict` if the newest run is unfinished and has other inputs.
 */
export async function findRunPlace(
  base: string,
  inputs: RunInputs,
  options: { readonly code: string; readonly fresh?: boolean },
): Promise<RunPlace> {
  const folders = await foldersLike(base);
  // A slash at the end, as shells complete it, would put the next run inside the first.
  const next = nextFree(path.join(path.dirname(base), path.basename(base)), folders);
  if (options.fresh) return { state: "new", folder: next, otherCode: false };
  let newest: { folder: string; config: RunConfig; finished: boolean } | undefined;
  for (const folder of folders) {
    if (!existsSync(path.join(folder, RUN_FILES.config))) continue;
    const config = await readRunConfig(folder);
    const finished = existsSync(path.join(folder, RUN_FILES.metrics));
    newest = { folder, config, finished };
    // What was stored as JSON has lost its undefined values.
    if (isDeepStrictEqual(inputsOf(config), JSON.parse(JSON.stringify(inputs)))) {
      const state = finished ? "finished" : "unfinished";
      return { state, folder, otherCode: config.code !== options.code };
    }
  }
  if (newest && !newest.finished) throw unfinishedConflict(newest.folder, newest.config, inputs);
  return { state: "new", folder: next, otherCode: false };
}

/**
 * Reads what a finished run scored.
 *
 * @throws {MienError} `missing-file` if the run is not finished, `bad-data` if the file is damaged.
 */
export async function readRunMetrics(folder: string): Promise<RunMetrics> {
  const file = path.join(folder, RUN_FILES.metrics);
  if (!existsSync(file)) {
    throw new MienError(
      "missing-file",
      `${folder} is not finished: it has no ${RUN_FILES.metrics}`,
      {
        advice: "Repeat its `npx nx run train:fit` command to go on with it.",
      },
    );
  }
  const metrics = (await readJson(file)) as Partial<RunMetrics> | null;
  if (metrics?.validation?.accuracyInterval && metrics.validation.confusion) {
    return metrics as RunMetrics;
  }
  throw new MienError("bad-data", `${file} does not hold the metrics of a finished run`, {
    advice:
      "Delete that file and repeat the run's `npx nx run train:fit` command: it makes it anew.",
  });
}

/** Removes what a killed process was just writing; only unfinished runs have such files. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names) {
    if (/\.[0-9a-f]{8}\.tmp$/.test(name)) await rm(path.join(folder, name), { force: true });
  }
}

/** Existing folders called base, base-2 and so on, in that order. */
async function foldersLike(base: string): Promise<string[]> {
  const parent = path.dirname(base);
  const name = path.basename(base);
  const entries = await readdir(parent).catch(() => []);
  return entries
    .filter((entry) => numberOf(entry, name) !== undefined)
    .sort((a, b) => (numberOf(a, name) ?? 0) - (numberOf(b, name) ?? 0))
    .map((entry) => path.join(parent, entry));
}

/** 1 for `name` itself, n for `name-n`, else undefined. */
function numberOf(entry: string, name: string): number | undefined {
  if (entry === name) return 1;
  const suffix = entry.startsWith(`${name}-`) ? entry.slice(name.length + 1) : "";
  return /^([2-9]|[1-9]\d+)$/.test(suffix) ? Number(suffix) : undefined;
}

function nextFree(base: string, folders: readonly string[]): string {
  const last = folders.at(-1);
  if (last === undefined) return base;
  const number = numberOf(path.basename(last), path.basename(base)) ?? 1;
  return `${base}-${number + 1}`;
}

function unfinishedConflict(folder: string, config: RunConfig, inputs: RunInputs): MienError {
  const differences = differencesOf(inputsOf(config), inputs);
  const lines = differences.map(({ key, before, now }) => `  ${key}: ${before} → ${now}`);
  const flags = differences.map(({ key, before }) =>
    key === "data" ? `--csv ${config.data.path}` : `${flagOf(key)} ${before}`,
  );
  return new MienError(
    "conflict",
    `${folder} is unfinished and was started with other inputs:\n${lines.join("\n")}`,
    {
      advice:
        `To finish it, repeat its settings: ${flags.join(" ")}\n` +
        "To start a new run beside it, add --fresh; nothing is deleted.",
    },
  );
}

/** The inputs that differ, by name, with both values as text. */
function differencesOf(
  before: RunInputs,
  now: RunInputs,
): { key: string; before: string; now: string }[] {
  type Value = string | number | readonly number[];
  const flat = ({ hyperparameters, ...rest }: RunInputs) =>
    ({ ...rest, ...hyperparameters }) as Record<string, Value>;
  const [a, b] = [flat(before), flat(now)];
  const text = (key: string, value: Value | undefined) => {
    if (value === undefined) return "(none)";
    return ["data", "votes", "teacher"].includes(key) ? String(value).slice(0, 12) : String(value);
  };
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => !isDeepStrictEqual(a[key], b[key]))
    .map((key) => ({ key, before: text(key, a[key]), now: text(key, b[key]) }));
}
