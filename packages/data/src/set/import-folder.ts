import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import {
  codeVersion,
  freshness,
  readJson,
  recordMadeFrom,
  writeJson,
  type Progress,
  type Terminal,
} from "@mien/cli";
import {
  isRecord,
  MienError,
  toFolderName,
  type DatasetManifest,
  type ImageSet,
  type SplitChoice,
} from "@mien/format";
import { writeCsv } from "../csv/write-csv.ts";
import { countClasses, type ClassCounts } from "./counts.ts";
import { writeManifest } from "../manifest/croissant.ts";
import { ownManifestPath } from "../manifest/manifests.ts";
import { arrangeImages, type Arrangement } from "../import/arrange-images.ts";
import { assignSplits } from "../split/assign-splits.ts";
import { checkOverwrite } from "./check-overwrite.ts";
import { sizeNotes, splitNotes } from "../import/import-notes.ts";
import { findPictures } from "../near/pictures.ts";
import { listImages, type LeftOut } from "../import/list-images.ts";
import { readImages } from "../import/read-images.ts";

/** How a folder of images becomes a data set. */
export interface ImportSettings {
  /** Width and height of the images in the CSV, in pixels. */
  readonly size: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: 1 | 3;
  /** `official`: the splits of the folders. */
  readonly split: SplitChoice;
}

/** What a data set gets that is named as a folder instead of a CSV. */
export const DEFAULT_SETTINGS: ImportSettings = {
  size: 48,
  channels: 1,
  split: { split: "official" },
};

/** A folder that became a data set; stored as `NAME.import.json` beside the CSV. */
interface ImportReport {
  readonly folder: string;
  readonly layout: Arrangement["layout"];
  readonly classes: readonly string[];
  /** Images by class (rows) and split (columns). */
  readonly counts: ClassCounts;
  readonly images: number;
  readonly image: DatasetManifest["image"];
  /** Of the uncompressed CSV. */
  readonly sha256: string;
  /** Files that cannot be read. */
  readonly leftOut: readonly LeftOut[];
  /** Files that are no images by their names. */
  readonly otherFiles: readonly string[];
  /** What a user should know about it; phrases without a full stop. */
  readonly notes: readonly string[];
}

/** The files of an import. */
export interface Imported {
  readonly csv: string;
  readonly manifest: string;
  readonly reportFile: string;
  readonly report: ImportReport;
  /** Whether the same images had been imported before, so that nothing was written. */
  readonly upToDate: boolean;
}

/** Increase it when the same files give another CSV. */
const VERSION = 1;

/**
 * Turns a folder of images into a CSV of FER2013's layout, its manifest, and a report of what was left
 * out. If names, sizes and modification times of the images are those of the last import to the same
 * file, nothing is read or written.
 *
 * @param request.name of the data set; default the name of `csv` without its ending.
 * @param request.csv the file to write, `.csv` or `.csv.gz`.
 * @param request.terminal shows progress; default none.
 * @throws {MienError} `missing-file` if there is no image that can be read, `bad-data` if the folders
 *   are not classes, `conflict` if `csv` exists and was not imported, `interrupted` if the signal fires.
 */
export async function importFolder(request: {
  readonly folder: string;
  readonly name?: string | undefined;
  readonly csv: string;
  readonly settings: ImportSettings;
  readonly terminal?: Terminal | undefined;
  readonly signal?: AbortSignal | undefined;
}): Promise<Imported> {
  const { folder, csv, terminal, signal } = request;
  const { split, ...settings } = request.settings;
  const manifestFile = ownManifestPath(csv);
  const base = manifestFile.replace(/\.manifest\.json$/, "");
  const [record, reportFile] = [`${base}.made-from.json`, `${base}.import.json`];
  const content = await listImages(folder, signal);
  const { images, classes, layout, notes } = arrangeImages(folder, content);
  const state = images.map(({ file, size, modified }) => [file, size, modified]);
  const key = createHash("sha256").update(JSON.stringify(state)).digest("hex");
  const inputs = {
    command: "import",
    version: VERSION,
    images: key,
    ...settings,
    splitSeed: 1,
    ...split,
  };
  const code = await codeVersion([path.join(import.meta.dirname, "../import")]);
  const files = { csv, manifest: manifestFile, reportFile };
  if ((await freshness(record, inputs, code)) === "current") {
    const report = await readJson(reportFile).catch(() => undefined);
    if (isReport(report)) return { ...files, report, upToDate: true };
  }
  await checkOverwrite(csv, { record, command: "import" });

  const input = { height: settings.size, width: settings.size, channels: settings.channels };
  const read = await withProgress(terminal?.progress("reading images", images.length), (progress) =>
    readImages(folder, images, { input, signal, onProgress: (done) => progress?.update(done) }),
  );
  const leftOut = [...content.leftOut, ...read.leftOut].sort((a, b) => (a.file < b.file ? -1 : 1));
  if (read.files.length === 0) {
    const reasons = leftOut.slice(0, 5).map(({ file, reason }) => `  ${file} ${reason}`);
    throw new MienError("missing-file", `no image in ${folder} can be read`, {
      advice: reasons.join("\n"),
    });
  }
  const arranged: ImageSet = {
    ...input,
    classes,
    pixels: read.pixels,
    labels: Uint8Array.from(read.files, ({ label }) => label),
    usage: Uint8Array.from(read.files, ({ usage }) => usage),
    row: Uint32Array.from(read.files.keys()),
  };
  const set = await divide(arranged, split, terminal);
  const count = read.files.length;
  const sha256 = await withProgress(terminal?.progress("writing rows", count), (progress) =>
    writeCsv(csv, set, { signal, onProgress: (done) => progress?.update(done) }),
  );
  const manifest: DatasetManifest = {
    name: request.name ?? toFolderName(path.basename(base)),
    classes,
    image: input,
    file: { name: `${path.basename(base)}.csv`, sha256, rows: count },
    licence: "unknown",
    source: `images of the folder ${path.basename(path.resolve(folder))}`,
  };
  const counts = countClasses(set);
  const report: ImportReport = {
    folder,
    layout,
    classes,
    counts,
    images: count,
    image: input,
    sha256,
    leftOut,
    otherFiles: content.otherFiles,
    notes: [...notes, ...sizeNotes(read, settings.size), ...splitNotes(classes, counts)],
  };
  let croissant: string;
  try {
    croissant = await writeManifest(manifestFile, manifest);
    await writeJson(reportFile, report);
  } catch (error) {
    // Without its manifest, the CSV would be read with the classes of FER2013.
    await rm(csv, { force: true });
    throw error;
  }
  const outputs = [csv, manifestFile, croissant, reportFile].map((file) => path.basename(file));
  await recordMadeFrom(record, { inputs, code, outputs });
  return { ...files, report, upToDate: false };
}

/** The images with the splits of a choice. */
async function divide(
  set: ImageSet,
  split: SplitChoice,
  terminal: Terminal | undefined,
): Promise<ImageSet> {
  if (split.split === "official") return set;
  terminal?.say("searching copies and near-copies");
  return assignSplits(set, split, (await findPictures(set)).pictureOf);
}

async function withProgress<Result>(
  progress: Progress | undefined,
  work: (progress: Progress | undefined) => Promise<Result>,
): Promise<Result> {
  return work(progress).finally(() => progress?.stop());
}

function isReport(value: unknown): value is ImportReport {
  return isRecord(value) && Array.isArray(value["classes"]) && Array.isArray(value["leftOut"]);
}
