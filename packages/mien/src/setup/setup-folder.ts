import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { cacheFolder } from "@mien/cli";
import { MienError, parseJson } from "@mien/format";
import type { Needs } from "./needs.ts";

/** The folder of the package `mien`. */
export const PACKAGE = path.resolve(import.meta.dirname, "../..");

/** The fields of mien's manifest that a set-up reads. */
interface Manifest {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** mien's version, and the versions of the packages that it may use. */
export function ownManifest(): Manifest {
  const { version, peerDependencies } = readObject(path.join(PACKAGE, "package.json"));
  if (typeof version !== "string" || !isTexts(peerDependencies)) {
    throw new MienError("bad-data", "package.json of mien is damaged: install mien again");
  }
  return { version, peerDependencies };
}

/** The folder that `mien setup` fills; each version of mien has its own. */
export function setupFolder(): string {
  return path.join(cacheFolder(), `setup-${ownManifest().version}`);
}

/**
 * Whether `mien setup` has finished what these needs name, in a folder that does not contain this
 * package itself.
 */
export function isSetUp({ packages, tensorflow, python }: Needs): boolean {
  const folder = setupFolder();
  if (PACKAGE.startsWith(folder + path.sep)) return false;
  const file = path.join(folder, "ready.json");
  if (!existsSync(file)) return false;
  const ready = readObject(file);
  const installed = ["mien", ...packages].every((name) =>
    existsSync(path.join(folder, "node_modules", name, "package.json")),
  );
  return (
    installed &&
    (!tensorflow || ready["tensorflow"] === true) &&
    (!python || ready["python"] === true)
  );
}

/**
 * Runs a command line in the `mien` that `mien setup` has installed.
 *
 * Commands of the two installations are not mixed, since each has its own classes of errors and its
 * own settings of the terminal.
 *
 * @param argv the words after `mien`.
 * @param program the words before the command in help and advice.
 * @throws {MienError} `environment` if the folder of the set-up is damaged.
 */
export async function runSetUpMien(argv: readonly string[], program: string): Promise<void> {
  const folder = setupFolder();
  const inVenv = process.platform === "win32" ? "Scripts/python.exe" : "bin/python";
  const python = path.join(folder, ".venv", inVenv);
  // The commands that run Python look for it here.
  if (existsSync(python)) process.env["MIEN_PYTHON"] ??= python;
  const file = path.join(folder, "node_modules/mien/dist/index.js");
  const loaded: unknown = await import(pathToFileURL(file).href);
  if (!isMien(loaded)) {
    throw new MienError("environment", `${file} is not mien`, {
      advice: `Delete ${folder} and run \`npm run setup\` again.`,
    });
  }
  await loaded.runMien(argv, program);
}

/** The part of mien's index that is called. */
interface Mien {
  readonly runMien: (argv: readonly string[], program: string) => Promise<void>;
}

function isMien(module: unknown): module is Mien {
  return (
    typeof module === "object" &&
    module !== null &&
    "runMien" in module &&
    typeof module.runMien === "function"
  );
}

function readObject(file: string): Readonly<Record<string, unknown>> {
  const json = parseJson(readFileSync(file), file, "bad-data");
  if (typeof json === "object" && json !== null) return { ...json };
  throw new MienError("bad-data", `${file} must hold a JSON object: delete it and try again`);
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((text) => typeof text === "string")
  );
}
