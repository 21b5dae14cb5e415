import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readJson, writeJson } from "./files.ts";

/**
 * The record beside a step's output that says what the output was made from. By custom the file is
 * called `made-from.json`, or `<name>.made-from.json` where a folder holds the outputs of many runs.
 */
export interface MadeFrom {
  /** Everything that decides the output: hashes of what was read, resolved configuration. */
  readonly inputs: unknown;
  /** Hash of the code that made it; a difference is a warning, not a reason to redo the work. */
  readonly code: string;
  /** Paths of what was written, relative to the record's folder. */
  readonly outputs: readonly string[];
}

/** What a record says about an output that a step is about to make. */
export type Freshness = "current" | "other-code" | "stale";

/**
 * Whether the whole output for these inputs is already there.
 *
 * @param file the record; outputs are looked for beside it.
 * @returns `current` if so, `other-code` if only the code has changed since, else `stale`.
 */
export async function freshness(file: string, inputs: unknown, code: string): Promise<Freshness> {
  if (!existsSync(file)) return "stale";
  const record = (await readJson(file).catch(() => undefined)) as Partial<MadeFrom> | undefined;
  // What is compared was written as JSON, where undefined values vanish.
  const same = isDeepStrictEqual(record?.inputs, JSON.parse(JSON.stringify(inputs)));
  const whole = record?.outputs?.every((output) =>
    existsSync(path.join(path.dirname(file), output)),
  );
  if (!same || whole !== true) return "stale";
  return record?.code === code ? "current" : "other-code";
}

/** Leaves the record; to be called last, when every output is in place. */
export async function recordMadeFrom(file: string, record: MadeFrom): Promise<void> {
  await writeJson(file, record);
}

/**
 * A hash over the source files of packages, 12 hexadecimal digits.
 *
 * @param folders the folders that hold the code (`import.meta.dirname` of a package's index);
 * tests do not count.
 */
export async function codeVersion(folders: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const names = await readdir(folder, { recursive: true });
    for (const name of names.sort()) {
      if (!/\.(ts|js)$/.test(name) || /\.(test|d)\.(ts|js)$/.test(name)) continue;
      hash.update(name).update(await readFile(path.join(folder, name)));
    }
  }
  return hash.digest("hex").slice(0, 12);
}
