import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { MienError, RUN_FILES, type RunConfig } from "@mien/format";
import { readJson } from "./files.ts";

/** Where commands keep what they make unless `--out` says otherwise; relative to the repository. */
export const FOLDERS = {
  data: "artifacts/data",
  runs: "artifacts/runs",
  models: "artifacts/models",
  release: "artifacts/release",
} as const;

/**
 * Finds a training run.
 *
 * @param nameOrPath a folder, or the name of one in `artifacts/runs/`; undefined for the newest
 * finished run there.
 * @returns the path of its folder.
 * @throws {MienError} `missing-file` if there is none.
 */
export async function findRun(nameOrPath?: string): Promise<string> {
  if (nameOrPath !== undefined) {
    const candidates = [nameOrPath, path.join(FOLDERS.runs, nameOrPath)];
    const found = candidates.find((folder) => existsSync(path.join(folder, RUN_FILES.config)));
    if (found !== undefined) return found;
    throw new MienError("missing-file", `no training run at ${candidates.join(" or ")}`, {
      advice: "Train one with `npx nx run train:fit`.",
    });
  }
  const newest = await newestOf(FOLDERS.runs, (name) => path.join(name, RUN_FILES.metrics));
  if (newest !== undefined) return path.join(FOLDERS.runs, newest);
  throw new MienError("missing-file", `no finished training run in ${FOLDERS.runs}/`, {
    advice: "Train one with `npx nx run train:fit`.",
  });
}

/**
 * Reads a run's `config.json`.
 *
 * @throws {MienError} `missing-file` or `bad-data` if it is not there or damaged.
 */
export async function readRunConfig(run: string): Promise<RunConfig> {
  const file = path.join(run, RUN_FILES.config);
  const config = (await readJson(file)) as Partial<RunConfig> | null;
  if (!config?.classes || !config.input || !config.data || !config.hyperparameters) {
    throw new MienError("bad-data", `${file} is not the configuration of a training run`);
  }
  return config as RunConfig;
}

/**
 * Finds an exported expression model.
 *
 * @param file the path that the user gave; undefined for the one that
 * `artifacts/release/index.json` names as `default`, else the newest in `artifacts/models/`.
 * @throws {MienError} `missing-file` if there is none.
 */
export async function findModel(file?: string): Promise<string> {
  if (file !== undefined) {
    if (existsSync(file)) return file;
    throw new MienError("missing-file", `no model file at ${file}`, {
      advice: "Make one with `npx nx run export:onnx`.",
    });
  }
  const index = path.join(FOLDERS.release, "index.json");
  if (existsSync(index)) {
    const name = ((await readJson(index)) as { default?: unknown } | null)?.default;
    if (name !== undefined && typeof name !== "string") {
      throw new MienError("bad-data", `${index}: "default" must be the name of a model`);
    }
    if (name !== undefined) return findModel(path.join(FOLDERS.release, `${name}.onnx`));
  }
  // What a model computes with is chosen by name only: its 8- and 16-bit forms stand beside it.
  const newest = await newestOf(FOLDERS.models, (name) => name, /(?<!\.int8|\.fp16)\.onnx$/);
  if (newest !== undefined) return path.join(FOLDERS.models, newest);
  throw new MienError("missing-file", `no exported model in ${FOLDERS.models}/`, {
    advice: "Train and export one: `npx nx run train:fit`, then `npx nx run export:onnx`.",
  });
}

/** The entry of a folder whose marker file changed last; undefined if there is none. */
async function newestOf(
  folder: string,
  marker: (name: string) => string,
  pattern = /(?:)/,
): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  let newest: { name: string; time: number } | undefined;
  for (const name of names.filter((candidate) => pattern.test(candidate))) {
    const stats = await stat(path.join(folder, marker(name))).catch(() => undefined);
    if (stats && (newest === undefined || stats.mtimeMs > newest.time)) {
      newest = { name, time: stats.mtimeMs };
    }
  }
  return newest?.name;
}
