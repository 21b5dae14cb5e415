import { existsSync } from "node:fs";
import path from "node:path";
import { MienError, RUN_FILES, type RunConfig } from "@mien/format";
import { readJson } from "./files.ts";
import { newestEntry } from "./newest-entry.ts";
import { FOLDERS } from "./output-folders.ts";

/**
 * Finds a training run.
 *
 * @param nameOrPath path of the run's folder, or its name in `artifacts/runs/`; undefined for the
 *   newest finished run in `artifacts/runs/`.
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
  const newest = await newestEntry(FOLDERS.runs, { marker: RUN_FILES.metrics });
  if (newest !== undefined) return path.join(FOLDERS.runs, newest);
  throw new MienError("missing-file", `no finished training run in ${FOLDERS.runs}/`, {
    advice: "Train one with `npx nx run train:fit`.",
  });
}

/**
 * Reads a run's `config.json`.
 *
 * @throws {MienError} `missing-file` or `bad-data` if it is missing or damaged.
 */
export async function readRunConfig(run: string): Promise<RunConfig> {
  const file = path.join(run, RUN_FILES.config);
  const config = await readJson(file);
  if (isRunConfig(config)) return config;
  throw new MienError("bad-data", `${file} is not the configuration of a training run`);
}

/** Whether a value has the parts of a run's configuration; their content is not checked. */
function isRunConfig(value: unknown): value is RunConfig {
  if (typeof value !== "object" || value === null) return false;
  const parts = new Map<string, unknown>(Object.entries(value));
  return ["classes", "input", "data", "hyperparameters"].every((name) => Boolean(parts.get(name)));
}
