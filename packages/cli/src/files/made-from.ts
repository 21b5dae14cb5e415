import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readJson, writeJson } from "./files.ts";

/**
 * The record of what an output was made from, which is stored beside it: as `made-from.json`, or as
 * `<name>.made-from.json` in a folder with the outputs of several runs.
 */
export interface MadeFrom {
  /** Everything that determines the output: hashes of what was read, and the configuration. */
  readonly inputs: unknown;
  /**
   * Hash of the code that made the output; if only the code differs, commands warn but do not
   * repeat the work.
   */
  readonly code: string;
  /** Paths of the outputs, relative to the record's folder. */
  readonly outputs: readonly string[];
}

/** Whether an output exists already; see `freshness`. */
export type Freshness = "current" | "other-code" | "stale";

/**
 * Whether the complete output for some inputs exists already.
 *
 * @param file the record.
 * @returns `current`: it exists; `other-code`: it exists, but other code made it; `stale`: it does
 *   not exist, or is incomplete, or was made from other inputs.
 */
export async function freshness(file: string, inputs: unknown, code: string): Promise<Freshness> {
  if (!existsSync(file)) return "stale";
  const record = (await readJson(file).catch(() => undefined)) as Partial<MadeFrom> | undefined;
  // The record was stored as JSON, which drops undefined values, so the inputs are converted to
  // JSON and back.
  const same = isDeepStrictEqual(record?.inputs, JSON.parse(JSON.stringify(inputs)));
  const whole = record?.outputs?.every((output) =>
    existsSync(path.join(path.dirname(file), output)),
  );
  if (!same || whole !== true) return "stale";
  return record?.code === code ? "current" : "other-code";
}

/** Writes the record. Call it last, after every output is written. */
export async function recordMadeFrom(file: string, record: MadeFrom): Promise<void> {
  await writeJson(file, record);
}

/**
 * A hash of source files without tests, as 12 hexadecimal digits.
 *
 * @param folders of the code, for example `import.meta.dirname` of a package's index.
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
