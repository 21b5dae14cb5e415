import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { HUB_MODEL, MienError } from "@mien/format";
import { readJson } from "./files.ts";
import { newestEntry } from "./newest-entry.ts";
import { FOLDERS } from "./output-folders.ts";
import { packagedModels } from "./release-folder.ts";

/**
 * Finds the expression model that a command uses.
 *
 * @param file the path that the user gave, also of a folder that `export:onnx --for hub` wrote;
 *   undefined for the default model: the one that `artifacts/release/index.json` names as `default`,
 *   else the newest in `artifacts/models/`, else the default of the package `@mien/models`.
 * @param packaged the folder of that package's models; null if it is not installed.
 * @returns the path of its file.
 * @throws {MienError} `missing-file` if there is none.
 */
export async function findModel(
  file?: string,
  packaged: string | null = packagedModels(),
): Promise<string> {
  if (file !== undefined) {
    const model = findInFolder(file);
    if (existsSync(model)) return model;
    throw new MienError("missing-file", `no model file at ${model}`, {
      advice: "Make one with `npx nx run export:onnx`.",
    });
  }
  const released = await defaultOf(FOLDERS.release);
  if (released !== undefined) return released;
  // The int8 and fp16 files of a model are never the default; the user must name them.
  const newest = await newestEntry(FOLDERS.models, { pattern: /(?<!\.int8|\.fp16)\.onnx$/ });
  if (newest !== undefined) return path.join(FOLDERS.models, newest);
  const installed = packaged === null ? undefined : await defaultOf(packaged);
  if (installed !== undefined) return installed;
  throw new MienError("missing-file", `no exported model in ${FOLDERS.models}/`, {
    advice: "Train and export one: `npx nx run train:fit`, then `npx nx run export:onnx`.",
  });
}

/** The model that the `index.json` of a folder names as `default`; undefined if it names none. */
async function defaultOf(folder: string): Promise<string | undefined> {
  const index = path.join(folder, "index.json");
  if (!existsSync(index)) return undefined;
  const content = await readJson(index);
  const hasDefault = typeof content === "object" && content !== null && "default" in content;
  const name = hasDefault ? content.default : undefined;
  if (name === undefined) return undefined;
  if (typeof name === "string") return findModel(path.join(folder, `${name}.onnx`));
  throw new MienError("bad-data", `${index}: "default" must be the name of a model`);
}

/** The path of the model in a folder of Hugging Face's layout; any other path itself. */
function findInFolder(file: string): string {
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? path.join(file, HUB_MODEL) : file;
}
