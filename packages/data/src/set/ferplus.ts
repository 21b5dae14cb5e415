import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { dataFolder, listDataFiles } from "@mien/cli";
import { itemAt, MienError, messageOf, printable, USAGES, type ImageSet } from "@mien/format";
import { parse } from "csv-parse/sync";
import { readChunks } from "../csv/chunks.ts";
import { withGz } from "./locate-dataset.ts";
import { knownManifests, ownManifestPath } from "../manifest/manifests.ts";

/**
 * The columns of FER+ that count votes, in the order of its file.
 *
 * @internal
 */
export const VOTE_COLUMNS = [
  "neutral",
  "happiness",
  "surprise",
  "sadness",
  "anger",
  "disgust",
  "fear",
  "contempt",
  "unknown",
  "NF",
] as const;

/** Names in FER+ of classes that have other names in data sets, in lower case. */
const COLUMN_OF_CLASS: Readonly<Record<string, (typeof VOTE_COLUMNS)[number]>> = {
  happy: "happiness",
  surprised: "surprise",
  sad: "sadness",
  angry: "anger",
  disgusted: "disgust",
  fearful: "fear",
};

const HEADER = ["Usage", "Image name", ...VOTE_COLUMNS];

const BYTE_ORDER_MARK = /^\ufeff/;

/** Votes of ten annotators for every image of a set (FER+, Barsoum et al. 2016). */
export interface Votes {
  /** `VOTE_COLUMNS`. */
  readonly columns: readonly string[];
  /** [N, 10] votes, aligned with the set's positions. */
  readonly counts: Uint8Array;
  /** Path of the file. */
  readonly path: string;
  /** SHA-256 of the file's uncompressed content. */
  readonly sha256: string;
}

/** Selects the votes to load. */
export interface VoteOptions {
  /** `.csv` or `.csv.gz`; default: the file that `locateVotes` finds. */
  readonly ferplus?: string | undefined;
  /** The data set's CSV, in whose folder votes are looked for. */
  readonly csv?: string | undefined;
  /** The images to which the votes belong. */
  readonly set: ImageSet;
  /** Stops with an `interrupted` error. */
  readonly signal?: AbortSignal | undefined;
}

/** `--ferplus`, for commands that read votes. */
export const ferplusOption = {
  type: "string",
  placeholder: "FILE",
  description: "FER+ votes (fer2013new.csv), as .csv or .csv.gz",
  defaultText:
    "ferplus.csv[.gz] or fer2013new.csv[.gz] beside the data set, in MIEN_DATA or in datasets/*/",
  group: "data",
} as const;

/** File names of votes; FER+ is published under the second name. */
const VOTE_FILES = ["ferplus.csv", "fer2013new.csv"];

const HOW_TO_GET_FERPLUS = `FER+ is the file fer2013new.csv of github.com/microsoft/FERPlus. Put it, or a gzipped copy, into
datasets/fer2013/ or the folder that MIEN_DATA names, as fer2013new.csv or ferplus.csv; or name it with --ferplus FILE.`;

/**
 * Loads the FER+ votes of a set's images: line i after the header belongs to row i of the CSV.
 *
 * @throws {MienError} `missing-file` if there is no such file; `bad-data` if its header or a vote
 * is wrong; `mismatch` if its number of rows, or the Usage of a row, differs from the data set's.
 */
export async function loadVotes(options: VoteOptions): Promise<Votes> {
  const { file, content, sha256 } = await readVotes(options);
  const counts = parseVotes(content.toString("utf8"), options.set, file);
  return { columns: VOTE_COLUMNS, counts, path: file, sha256 };
}

/**
 * Path and hash of the votes that `loadVotes` would load, without parsing them.
 *
 * @throws {MienError} `missing-file` if there is no such file.
 */
export async function identifyVotes(
  options: Omit<VoteOptions, "set">,
): Promise<Pick<Votes, "path" | "sha256">> {
  const { file, sha256 } = await readVotes(options);
  return { path: file, sha256 };
}

/** Like `identifyVotes`, for commands that can work without votes: undefined if there is no file. */
export async function identifyAnyVotes(
  options: Omit<VoteOptions, "set">,
): Promise<Pick<Votes, "path" | "sha256"> | undefined> {
  const isNamed = options.ferplus !== undefined;
  return isNamed || (await locateVotes(options.csv)) ? identifyVotes(options) : undefined;
}

async function readVotes({ ferplus, csv, signal }: Omit<VoteOptions, "set">) {
  const file = ferplus ?? (await locateVotes(csv));
  if (file === undefined || !existsSync(file)) {
    const where = ferplus === undefined ? await describePlaces(csv) : ` at ${ferplus}`;
    throw new MienError("missing-file", `no FER+ votes${where}`, { advice: HOW_TO_GET_FERPLUS });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(file, { signal })) chunks.push(Buffer.from(chunk));
  const content = Buffer.concat(chunks);
  return { file, content, sha256: createHash("sha256").update(content).digest("hex") };
}

/**
 * Like `loadVotes`, for commands that can work without votes: returns undefined if no file was
 * named and `locateVotes` finds no file, or a file that does not belong to this set and its classes.
 */
export async function findVotes(options: VoteOptions): Promise<Votes | undefined> {
  if ((options.ferplus ?? (await locateVotes(options.csv))) === undefined) return undefined;
  try {
    const votes = await loadVotes(options);
    voteColumns(votes, options.set.classes);
    return votes;
  } catch (error) {
    const strangers =
      error instanceof MienError && (error.code === "mismatch" || error.code === "unsupported");
    if (strangers && options.ferplus === undefined) return undefined;
    throw error;
  }
}

/**
 * Distribution of each image's votes over the classes; votes for anything else are ignored.
 *
 * @returns [N, classes]; the row of an image sums to 1, or is all zeros if nobody voted for a class.
 * @throws {MienError} `unsupported` if FER+ has no votes for one of the classes.
 *
 * @internal
 */
export function voteDistribution(votes: Votes, classes: readonly string[]): Float32Array {
  const columns = voteColumns(votes, classes);
  const width = votes.columns.length;
  const count = votes.counts.length / width;
  const shares = new Float32Array(count * classes.length);
  for (let i = 0; i < count; i++) {
    const given = columns.map((column) => itemAt(votes.counts, i * width + column));
    const sum = given.reduce((total, n) => total + n, 0);
    if (sum === 0) continue;
    const ofImage = given.map((n) => n / sum);
    shares.set(ofImage, i * classes.length);
  }
  return shares;
}

/**
 * The class with the most votes for each image.
 *
 * @returns [N] index into `classes`; -1 if several columns share the most votes, or if the winner
 *   is not a class of the set (contempt, unknown, not a face).
 * @throws {MienError} `unsupported` if FER+ has no votes for one of the classes.
 */
export function voteWinners(votes: Votes, classes: readonly string[]): Int16Array {
  const columns = voteColumns(votes, classes);
  const width = votes.columns.length;
  return Int16Array.from({ length: votes.counts.length / width }, (_, i) => {
    const given = votes.counts.subarray(i * width, (i + 1) * width);
    const most = Math.max(...given);
    const leader = given.indexOf(most);
    return leader === given.lastIndexOf(most) ? columns.indexOf(leader) : -1;
  });
}

/**
 * Finds the file of votes: `NAME.ferplus.csv[.gz]` beside the data set `NAME.csv`; or
 * `ferplus.csv[.gz]` or `fer2013new.csv[.gz]` beside the data set, in the folder that MIEN_DATA
 * names, or in a folder of `datasets/`, in this order.
 *
 * @param csv the data set's CSV; undefined if it is the default one.
 * @throws {MienError} `missing-file` if MIEN_DATA names no folder.
 */
async function locateVotes(csv?: string): Promise<string | undefined> {
  const own = csv === undefined ? [] : withGz(ownVotesPath(csv));
  const shared = (await voteFolders(csv)).flatMap((folder) =>
    VOTE_FILES.flatMap((name) => withGz(path.join(folder, name))),
  );
  const files = [...own, ...shared];
  // The data set itself may have this name.
  const other = (file: string) => csv === undefined || path.resolve(file) !== path.resolve(csv);
  return files.find((file) => existsSync(file) && other(file));
}

/** Path of the votes that belong to one CSV alone: `faces.ferplus.csv` beside `faces.csv[.gz]`. */
export function ownVotesPath(csv: string): string {
  return ownManifestPath(csv).replace(/manifest\.json$/, "ferplus.csv");
}

async function voteFolders(csv: string | undefined): Promise<string[]> {
  const named = await dataFolder();
  const known = (await knownManifests()).map(({ folder }) => folder);
  const folders = [...(csv === undefined ? [] : [path.dirname(csv)]), ...(named ? [named] : [])];
  return [...new Set([...folders, ...known])];
}

async function describePlaces(csv: string | undefined): Promise<string> {
  const folders = await voteFolders(csv);
  const lines = folders.map(async (folder) => {
    return `\n  ${printable(folder)} (found ${await listDataFiles(folder)})`;
  });
  if (folders.length === 0) return ": there is no folder datasets/, and MIEN_DATA is not set";
  return `: expected ferplus.csv or fer2013new.csv, plain or with .gz, in one of${(await Promise.all(lines)).join("")}`;
}

/**
 * The column of the votes for each class.
 *
 * @throws {MienError} `unsupported` if FER+ has no votes for one of the classes.
 */
export function voteColumns(votes: Votes, classes: readonly string[]): number[] {
  return classes.map((name) => {
    const column = votes.columns.indexOf(voteColumnOf(name));
    if (column >= 0) return column;
    throw new MienError("unsupported", `FER+ has no votes for the class "${name}"`, {
      advice: `It counts ${votes.columns.join(", ")}.`,
    });
  });
}

/** The name of the column that would hold the votes for a class. */
export function voteColumnOf(name: string): string {
  const key = name.toLowerCase();
  return COLUMN_OF_CLASS[key] ?? key;
}

/** Parses the file's text into [N, 10] counts in the order of the set. */
function parseVotes(text: string, set: ImageSet, file: string): Uint8Array {
  const [header = [], ...lines] = parseRows(text.replace(BYTE_ORDER_MARK, "").trimEnd(), file);
  const found = header.join(",");
  if (found !== HEADER.join(",")) {
    throw new MienError(
      "bad-data",
      `${file}: expected the header ${HEADER.join(",")}, found ${printable(found.slice(0, 120)) || "nothing"}`,
      { advice: HOW_TO_GET_FERPLUS },
    );
  }
  const rows = set.row.reduce((last, row) => Math.max(last, row + 1), 0);
  const stranger = (problem: string): never => {
    throw new MienError("mismatch", `${file} does not belong to this data set: ${problem}`, {
      advice: "It must have one line for each line of the data set's CSV, in the same order.",
    });
  };
  if (lines.length !== rows) stranger(`it has ${lines.length} rows, the data set ${rows}`);
  const counts = new Uint8Array(set.row.length * VOTE_COLUMNS.length);
  set.row.forEach((row, i) => {
    const [usage, , ...votes] = lines[row] as string[];
    const expected = USAGES[itemAt(set.usage, i)];
    if (usage !== expected)
      stranger(`the Usage of row ${row} is ${usage}, in the data set ${expected}`);
    const wrong = votes.find((vote) => !/^\d{1,2}$/.test(vote));
    if (wrong !== undefined || votes.length !== VOTE_COLUMNS.length) {
      const found = wrong === undefined ? `${votes.length} of them` : `"${wrong}"`;
      const expectation = `expected ${VOTE_COLUMNS.length} counts of 0 to 99, found ${found}`;
      throw new MienError("bad-data", `${file}: line ${row + 2}: ${expectation}`);
    }
    counts.set(votes.map(Number), i * VOTE_COLUMNS.length);
  });
  return counts;
}

/** @throws {MienError} `bad-data` where a quote does not end or ends inside a cell. */
function parseRows(text: string, file: string): string[][] {
  try {
    return parse(text, { relax_column_count: true, record_delimiter: ["\r\n", "\n"] });
  } catch (error) {
    throw new MienError("bad-data", `${file} is not a CSV: ${messageOf(error)}`, {
      advice: HOW_TO_GET_FERPLUS,
      cause: error,
    });
  }
}
