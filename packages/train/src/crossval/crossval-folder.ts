import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, readJson, writeFileAtomic, writeJson } from "@mien/cli";
import { itemAt, MienError, USAGES, type ImageSet, type SourceFile } from "@mien/format";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { z } from "zod";
import type { CrossvalAnswers } from "./cross-validate.ts";
import { encodeNpy } from "./npy.ts";

/** The files of a cross-validation. */
export const CROSSVAL_FILES = {
  /** What was done: data, settings, accuracy of each fold. Written last. */
  record: "crossval.json",
  /** `row,split,fold,label` and a column for each class. */
  probabilities: "probabilities.csv",
  /** NumPy float32 [images, features], in the order of the CSV. */
  features: "features.npy",
} as const;

/** Which rows are divided into folds. */
export type CrossvalRows = "training" | "all";

/** What determines the result of a cross-validation. */
export interface CrossvalInputs {
  readonly data: SourceFile & { readonly name: string };
  readonly votes?: SourceFile | undefined;
  readonly rows: CrossvalRows;
  readonly folds: number;
  readonly splitSeed: number;
  readonly seed: number;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly code: string;
}

/** The accuracy of a fold: of the model that was not trained on it. */
export interface FoldScore {
  /** From 1. */
  readonly fold: number;
  readonly images: number;
  /** By the labels of the data set, 0–1, over ten views. */
  readonly accuracy: number;
}

/** Decimals of a probability. */
const DECIMALS = 6;

/**
 * The inputs as one text, to tell whether they are the same: without the paths of files and the
 * code.
 */
export function crossvalKey(inputs: CrossvalInputs): string {
  const { data, votes, rows, folds, splitSeed, seed, hyperparameters } = inputs;
  const [dataHash, votesHash] = [data.sha256, votes?.sha256];
  return JSON.stringify({ dataHash, votesHash, rows, folds, splitSeed, seed, hyperparameters });
}

/** Writes the results of a finished cross-validation; returns the paths. */
export async function writeCrossval(
  folder: string,
  set: ImageSet,
  result: {
    readonly inputs: CrossvalInputs;
    readonly answers: CrossvalAnswers;
    readonly scores: readonly FoldScore[];
  },
): Promise<string[]> {
  const { inputs, answers, scores } = result;
  const { positions, fold, probabilities, features } = answers;
  const classes = set.classes.length;
  const rows = Array.from(positions, (position, i) => [
    itemAt(set.row, position),
    USAGES[itemAt(set.usage, position)],
    fold[i] === 0 ? "" : fold[i],
    set.classes[itemAt(set.labels, position)],
    ...Array.from(probabilities.subarray(i * classes, (i + 1) * classes), (p) =>
      p.toFixed(DECIMALS),
    ),
  ]);
  const file = (name: keyof typeof CROSSVAL_FILES) => path.join(folder, CROSSVAL_FILES[name]);
  const header = ["row", "split", "fold", "label", ...set.classes];
  await writeFileAtomic(file("probabilities"), stringify([header, ...rows]));
  await writeFileAtomic(file("features"), encodeNpy(features));
  await writeJson(file("record"), { kind: "mien-crossval-1", ...inputs, scores });
  return [file("probabilities"), file("features"), file("record")];
}

const record = z.object({
  kind: z.literal("mien-crossval-1"),
  data: z.object({ name: z.string(), path: z.string(), sha256: z.string() }),
  votes: z.object({ path: z.string(), sha256: z.string() }).optional(),
  rows: z.enum(["training", "all"]),
  folds: z.number(),
  splitSeed: z.number(),
  seed: z.number(),
  hyperparameters: z.record(z.string(), z.unknown()),
  code: z.string(),
  scores: z.array(z.object({ fold: z.number(), images: z.number(), accuracy: z.number() })),
});

/** The record of a finished cross-validation. */
export type CrossvalRecord = z.infer<typeof record>;

/** Whether a folder holds a finished cross-validation. */
export function isCrossval(folder: string): boolean {
  return existsSync(path.join(folder, CROSSVAL_FILES.record));
}

/**
 * Reads the record of a finished cross-validation.
 *
 * @returns undefined if there is none.
 * @throws {MienError} `bad-data` if the file is damaged.
 */
export async function readCrossvalRecord(folder: string): Promise<CrossvalRecord | undefined> {
  if (!isCrossval(folder)) return undefined;
  const file = path.join(folder, CROSSVAL_FILES.record);
  const { success, data } = record.safeParse(await readJson(file));
  if (success) return data;
  throw new MienError("bad-data", `${file} is not the record of a cross-validation`, {
    advice: "Name another folder with --out, or delete this one.",
  });
}

/**
 * Reads the probabilities of a finished cross-validation.
 *
 * @returns [N, classes] by position in the set; a row of zeros means none.
 * @throws {MienError} `missing-file`, or `bad-data` with the line if the file does not fit the set.
 */
export async function readCrossvalProbabilities(
  folder: string,
  set: ImageSet,
): Promise<Float32Array> {
  const file = path.join(folder, CROSSVAL_FILES.probabilities);
  const fail = (line: number, found: string): never => {
    throw new MienError("bad-data", `${file}, line ${line}: ${found}`, {
      advice: "Make it again with `npx nx run train:crossval -- --fresh`.",
    });
  };
  const [header = [], ...lines] = parse(await readBytes(file), { relaxColumnCount: true });
  const classes = set.classes.length;
  const expected = ["row", "split", "fold", "label", ...set.classes].join(",");
  if (header.join(",") !== expected) fail(1, `expected the columns ${expected}`);
  const positionOf = new Map(Array.from(set.row, (row, position) => [row, position]));
  const probabilities = new Float32Array(set.labels.length * classes);
  lines.forEach((fields, i) => {
    const values = fields.slice(-classes).map(Number);
    const position = positionOf.get(Number(fields[0]));
    if (position === undefined) return fail(i + 2, `the data set has no row ${fields[0] ?? ""}`);
    const sum = values.reduce((total, value) => total + value, 0);
    if (!(Math.abs(sum - 1) < 1e-3)) fail(i + 2, `the probabilities sum to ${sum}, expected 1`);
    probabilities.set(values, position * classes);
  });
  return probabilities;
}
