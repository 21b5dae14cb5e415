import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { dataFolder, FOLDERS, listDataFiles, type Terminal } from "@mien/cli";
import { MienError, printable, toFolderName } from "@mien/format";
import { knownManifests } from "../manifest/manifests.ts";

const FER2013 = "fer2013.csv";

const HOW_TO_GET_FER2013 = `To get FER2013: download fer2013.csv from the Kaggle competition "Challenges in Representation Learning:
Facial Expression Recognition Challenge" (accept its rules first), and put it, or a gzipped copy, at
datasets/fer2013/${FER2013}[.gz], or in a folder that MIEN_DATA names, or give it with --csv FILE.
To continue without it, use the built-in set: \`npx nx run data:synth\`, then add \`--csv artifacts/data/synth.csv\`.`;

/** How a folder of images is imported that is given instead of a CSV. */
export interface LocateOptions {
  /** Folder whose `cache/` stores the CSV; default `artifacts/data`. */
  readonly cacheFolder?: string | undefined;
  /** Says what was imported, and shows progress; default: says nothing. */
  readonly terminal?: Terminal | undefined;
  /** Stops with an `interrupted` error. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds the CSV of a data set: the given one, else `fer2013.csv[.gz]` in the folder that the
 * environment variable MIEN_DATA names, else, if that is not set, the raw file of a data set in
 * `datasets/`.
 *
 * @param csv the path that the user gave. A folder of images is imported into a CSV in the cache, unless
 *   its images have not changed since the last import.
 * @throws {MienError} `missing-file` if there is none; its advice says how to get one. For a folder, the
 *   errors of `importFolder`.
 */
export async function locateDataset(csv?: string, options: LocateOptions = {}): Promise<string> {
  if (csv !== undefined) return checkGiven(csv, options);
  const folder = await dataFolder();
  const candidates: string[] = [];
  if (folder !== undefined) {
    candidates.push(...withGz(path.join(folder, FER2013)));
  } else {
    for (const { manifest, folder: home } of await knownManifests()) {
      if (manifest.file) candidates.push(...withGz(path.join(home, manifest.file.name)));
    }
  }
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  if (folder === undefined) {
    throw new MienError(
      "missing-file",
      "no data set found in datasets/, and MIEN_DATA is not set",
      {
        advice: HOW_TO_GET_FER2013,
      },
    );
  }
  throw new MienError(
    "missing-file",
    `expected ${FER2013} or ${FER2013}.gz in ${printable(folder)} (MIEN_DATA), found ${await listDataFiles(folder)}`,
    {
      advice: `Name another file with --csv FILE, or unset MIEN_DATA to look in datasets/.\n${HOW_TO_GET_FER2013}`,
    },
  );
}

async function checkGiven(csv: string, options: LocateOptions): Promise<string> {
  const stats = await stat(csv).catch(() => undefined);
  if (stats?.isFile()) return csv;
  if (stats?.isDirectory()) return importIntoCache(csv, options);
  if (stats !== undefined) {
    throw new MienError(
      "missing-file",
      `expected a .csv or .csv.gz file, or a folder of images, found a device or a pipe: ${csv}`,
    );
  }
  const sibling = csv.endsWith(".gz") ? csv.slice(0, -".gz".length) : `${csv}.gz`;
  throw new MienError("missing-file", `no data set at ${csv}`, {
    advice: existsSync(sibling) ? `There is ${sibling}; use that.` : HOW_TO_GET_FER2013,
  });
}

async function importIntoCache(folder: string, options: LocateOptions): Promise<string> {
  const { cacheFolder = FOLDERS.data, terminal, signal } = options;
  const { DEFAULT_SETTINGS, importFolder } = await import("./import-folder.ts");
  const { printImport } = await import("./print-import.ts");
  const place = path.resolve(folder);
  // Folders with the same name get different files; a changed folder gets the same one.
  const mark = createHash("sha256").update(place).digest("hex").slice(0, 8);
  const name = toFolderName(path.basename(place));
  const csv = path.join(cacheFolder, "cache", "folders", `${name}-${mark}.csv`);
  const settings = DEFAULT_SETTINGS;
  const imported = await importFolder({ folder, name, csv, settings, terminal, signal });
  if (terminal !== undefined) printImport(terminal, imported);
  return csv;
}

/** A file name as it is, and with `.gz`. */
export function withGz(file: string): string[] {
  return [file, `${file}.gz`];
}
