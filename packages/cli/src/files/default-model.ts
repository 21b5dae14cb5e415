import { existsSync } from "node:fs";
import path from "node:path";
import { MienError } from "@mien/format";
import { readJson } from "./files.ts";
import { newestEntry } from "./newest-entry.ts";
import { FOLDERS } from "./output-folders.ts";

/**
 * Finds the expression model that a command uses.
 *
 * @param file the path that the user gave; undefined for the default model: the one that
 * `artifacts/release/index.json` names as `default`, else the newest in `artifacts/models/`.
 * @returns the path of its file.
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
    const content = await readJson(index);
    const hasDefault = typeof content === "object" && content !== null && "default" in content;
    const name = hasDefault ? content.default : undefined;
    if (name !== undefined && typeof name !== "string") {
      throw new MienError("bad-data", `${index}: "default" must be the name of a model`);
    }
    if (name !== undefined) return findModel(path.join(FOLDERS.release, `${name}.onnx`));
  }
  // The int8 and fp16 files of a model are never the default; the user must name them.
  const newest = await newestEntry(FOLDERS.models, { pattern: /(?<!\.int8|\.fp16)\.onnx$/ });
  if (newest !== undefined) return path.join(FOLDERS.models, newest);
  throw new MienError("missing-file", `no exported model in ${FOLDERS.models}/`, {
    advice: "Train and export one: `npx nx run train:fit`, then `npx nx run export:onnx`.",
  });
}
