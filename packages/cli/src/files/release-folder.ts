import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { FOLDERS } from "./output-folders.ts";

/**
 * The folder of the released models: `artifacts/release` of the present folder, or, if it has none,
 * that of the installed package `@mien/models`.
 *
 * @returns a path; of a folder that does not exist if there is neither.
 */
export function releaseFolder(): string {
  if (existsSync(path.join(FOLDERS.release, "index.json"))) return FOLDERS.release;
  return packagedModels() ?? FOLDERS.release;
}

/** The folder of the models in the package `@mien/models`; null if it is not installed. */
export function packagedModels(): string | null {
  try {
    const manifest = fileURLToPath(import.meta.resolve("@mien/models/package.json"));
    const folder = path.join(path.dirname(manifest), "files");
    return existsSync(path.join(folder, "index.json")) ? folder : null;
  } catch {
    return null;
  }
}
