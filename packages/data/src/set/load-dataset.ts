import { createHash, type Hash } from "node:crypto";
import path from "node:path";
import { deleteLeftOvers, FOLDERS, type Terminal } from "@mien/cli";
import { MienError, type DatasetManifest, type ImageSet } from "@mien/format";
import { DatasetCache } from "./dataset-cache.ts";
import { LargeCacheFile } from "./large-cache-file.ts";
import { readChunks } from "../csv/chunks.ts";
import { fileState, HashIndex } from "../manifest/hash-index.ts";
import { locateDataset } from "./locate-dataset.ts";
import { chooseManifest, sameLayout } from "../manifest/manifests.ts";
import { readCsv, type CsvContent } from "../csv/read-csv.ts";
import type { BadRow } from "../csv/row-collector.ts";

/** Selects the data set to load, and how. */
export interface LoadOptions {
  /** `.csv` or `.csv.gz`, or a folder of images; default: what `locateDataset` finds. */
  readonly csv?: string | undefined;
  /** Folder whose `cache/` stores parsed data sets and hashes; default `artifacts/data`. */
  readonly cacheFolder?: string | undefined;
  /** Skip invalid rows and list them in `skipped`; default false. */
  readonly skipBadRows?: boolean | undefined;
  /**
   * Bytes of pixels that are held in memory. The pixels of a larger set stay in the cache, and are read
   * from there when they are needed. Only for callers that read pixels with `imageAt` and `imagesAt`;
   * they pass `MOST_IN_MEMORY`. Default: all sets are held in memory.
   */
  readonly mostInMemory?: number | undefined;
  /** Stops with an `interrupted` error. */
  readonly signal?: AbortSignal | undefined;
  /** Says what was imported if `csv` is a folder of images; default: says nothing. */
  readonly terminal?: Terminal | undefined;
  /** Called while the file is read, with the number of bytes read from disk, and their total. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/** The usual `mostInMemory`: 128 MiB, which are 58,000 images of 48×48 grey pixels. */
export const MOST_IN_MEMORY = 128 << 20;

/** The facts about a data set that do not require its pixels. */
export interface DatasetIdentity {
  /** The file that was found. */
  readonly path: string;
  readonly manifest: DatasetManifest;
  /** Of the uncompressed CSV. */
  readonly sha256: string;
  /** Warnings that a command should print. */
  readonly warnings: readonly string[];
}

/** A data set whose images can be read. */
export interface Dataset extends DatasetIdentity {
  readonly set: ImageSet;
  /** Whether the pixels came from the cache instead of the CSV. */
  readonly fromCache: boolean;
  /** Invalid rows that were skipped; empty unless `skipBadRows` is set. */
  readonly skipped: readonly BadRow[];
}

/**
 * Loads a data set: from the cache if this content was read before, else from its CSV, and then
 * stores it in the cache.
 *
 * @throws {MienError} `missing-file` if there is no such file, `bad-data` if its content is invalid,
 * `interrupted` if the signal fires.
 */
export async function loadDataset(options: LoadOptions = {}): Promise<Dataset> {
  const file = await locateDataset(options.csv, options);
  const folder = cacheFolderOf(options);
  const index = new HashIndex(folder);
  const mostBytes = options.mostInMemory ?? Infinity;
  const cache = new DatasetCache(folder, mostBytes);
  const state = await fileState(file);
  const skipBadRows = options.skipBadRows ?? false;
  let sha256 = await index.find(file, state);
  if (sha256 === undefined) {
    // Hashing is much faster than parsing, so it is worthwhile if the cache may hold the content.
    const { tentative } = await chooseManifest(file, undefined);
    if (tentative || (await index.knowsSize(state.size))) {
      ({ sha256 } = await identifyDataset({ ...options, csv: file }));
    }
  }
  const choice = await chooseManifest(file, sha256);
  if (sha256 !== undefined) {
    const found = await cache.find(sha256, choice.manifest, skipBadRows);
    const { manifest } = choice;
    if (found) {
      const warnings = withNotes(choice.warnings, file, found);
      return { path: file, manifest, sha256, ...found, warnings, fromCache: true };
    }
  }
  const hash = createHash("sha256");
  const chunks = hashed(readChunks(file, options), hash);
  let largeFile: LargeCacheFile | undefined;
  const openSink = () => (largeFile = new LargeCacheFile(folder));
  if (mostBytes < Infinity) await deleteLeftOvers(folder);
  try {
    const parsed = await readCsv(chunks, {
      file,
      manifest: choice.manifest,
      manifestPath: choice.path,
      skipBadRows,
      large: mostBytes === Infinity ? undefined : { mostBytes, openSink },
    });
    sha256 = hash.digest("hex");
    const { manifest, ...known } = await chooseManifest(file, sha256);
    if (!sameLayout(manifest, choice.manifest)) {
      throw new MienError("conflict", `${file} or its manifest changed while it was read`, {
        advice: "Run the command again.",
      });
    }
    await index.remember(file, state, sha256);
    const content = await cache.keep(sha256, manifest, { content: parsed, large: largeFile });
    const warnings = withNotes(known.warnings, file, content);
    return { path: file, manifest, sha256, ...content, warnings, fromCache: false };
  } finally {
    largeFile?.discard();
  }
}

function withNotes(warnings: readonly string[], file: string, { notes }: CsvContent): string[] {
  return [...warnings, ...notes.map((note) => `${file}: ${note}.`)];
}

/**
 * Identifies the data set that would be loaded, without parsing it. Takes milliseconds if the file was
 * read before and has not changed; else the file is read once to hash it.
 *
 * @throws {MienError} as `loadDataset`, except for invalid rows.
 */
export async function identifyDataset(options: LoadOptions = {}): Promise<DatasetIdentity> {
  const file = await locateDataset(options.csv, options);
  const index = new HashIndex(cacheFolderOf(options));
  const state = await fileState(file);
  let sha256 = await index.find(file, state);
  if (sha256 === undefined) {
    const hash = createHash("sha256");
    for await (const chunk of readChunks(file, options)) hash.update(chunk);
    sha256 = hash.digest("hex");
    await index.remember(file, state, sha256);
  }
  const { manifest, warnings } = await chooseManifest(file, sha256);
  return { path: file, manifest, sha256, warnings };
}

function cacheFolderOf(options: LoadOptions): string {
  return path.join(options.cacheFolder ?? FOLDERS.data, "cache");
}

/** Passes chunks on and updates a hash with them. */
async function* hashed(chunks: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
