import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readJson } from "@mien/cli";
import { parseDatasetManifest, type DatasetManifest } from "@mien/format";

/** Folder of the manifests of known data sets, relative to the repository. */
const DATASETS = "datasets";

/** A manifest in `datasets/`, with its folder. */
interface KnownManifest {
  readonly manifest: DatasetManifest;
  readonly folder: string;
}

/** The manifest that applies to a CSV, and warnings about how it was chosen. */
export interface ManifestChoice {
  readonly manifest: DatasetManifest;
  /** The manifest's file; undefined if FER2013's layout is assumed. */
  readonly path?: string | undefined;
  readonly warnings: readonly string[];
  /**
   * Whether the content's hash could select another manifest with other classes or another image
   * size.
   */
  readonly tentative: boolean;
}

/** The manifests in `datasets/`, in the order of their folders' names. */
export async function knownManifests(): Promise<KnownManifest[]> {
  const names = (await readdir(DATASETS).catch(() => [])).sort();
  const folders = names.map((name) => path.join(DATASETS, name));
  const withManifest = folders.filter((folder) => existsSync(path.join(folder, "manifest.json")));
  return Promise.all(
    withManifest.map(async (folder) => {
      return { folder, manifest: await readManifest(path.join(folder, "manifest.json")) };
    }),
  );
}

/**
 * Chooses the manifest that defines a CSV's labels and pixels, in this order:
 * `<base>.manifest.json` beside it; `manifest.json` beside it, if that names this file or none;
 * the known manifest with this content; the known manifest with this file name, with a warning;
 * FER2013's layout.
 *
 * @param csv its path.
 * @param sha256 of the uncompressed content; undefined while it is not known.
 * @throws {MienError} `bad-data` if a manifest is malformed.
 */
export async function chooseManifest(
  csv: string,
  sha256: string | undefined,
): Promise<ManifestChoice> {
  const fileName = path.basename(csv).replace(/\.gz$/, "");
  const base = fileName.replace(/\.csv$/i, "");
  const settled = (manifest: DatasetManifest, from: string): ManifestChoice => {
    const differs = sha256 !== undefined && manifest.file && manifest.file.sha256 !== sha256;
    const warning =
      `${csv} is not the version of ${fileName} that the manifest of ${manifest.name} describes; ` +
      `its classes and image size are used nevertheless.`;
    return { manifest, path: from, warnings: differs ? [warning] : [], tentative: false };
  };
  const own = ownManifestPath(csv);
  if (existsSync(own)) return settled(await readManifest(own), own);
  const beside = path.join(path.dirname(csv), "manifest.json");
  if (existsSync(beside)) {
    const manifest = await readManifest(beside);
    if (manifest.file === undefined || manifest.file.name === fileName)
      return settled(manifest, beside);
  }
  const known = await knownManifests();
  const settledBy = (entry: KnownManifest | undefined) =>
    entry && settled(entry.manifest, path.join(entry.folder, "manifest.json"));
  const same = known.find((entry) => entry.manifest.file?.sha256 === sha256);
  if (sha256 !== undefined && same !== undefined) return settledBy(same) as ManifestChoice;
  const choice = settledBy(known.find((entry) => entry.manifest.file?.name === fileName));
  const manifest = choice?.manifest ?? { ...FER_LAYOUT, name: base };
  const tentative =
    sha256 === undefined && known.some((other) => !sameLayout(other.manifest, manifest));
  return { manifest, path: choice?.path, warnings: choice?.warnings ?? [], tentative };
}

/** Path of the manifest for one CSV alone: `faces.manifest.json` beside `faces.csv`. */
export function ownManifestPath(csv: string): string {
  return `${csv.replace(/\.gz$/, "").replace(/\.csv$/i, "")}.manifest.json`;
}

/** Whether two manifests have the same classes and image size. */
export function sameLayout(a: DatasetManifest, b: DatasetManifest): boolean {
  return isDeepStrictEqual([a.classes, a.image], [b.classes, b.image]);
}

/** Manifest of an unknown CSV: FER2013's classes and image size. */
const FER_LAYOUT: Omit<DatasetManifest, "name"> = {
  classes: ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"],
  image: { height: 48, width: 48, channels: 1 },
  licence: "unknown",
  source: "unknown",
};

async function readManifest(file: string): Promise<DatasetManifest> {
  return parseDatasetManifest(await readJson(file), file);
}
