import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { readBytes, readJson } from "@mien/cli";
import {
  imageCount,
  isRecord,
  itemAt,
  messageOf,
  MienError,
  printable,
  toFolderName,
  USAGES,
  type ImageSet,
} from "@mien/format";
import { parse } from "csv-parse/sync";
import { parseNpy, type Matrix } from "../map/npy.ts";

/** `--probabilities`, for commands that read out-of-fold probabilities. */
export const probabilitiesOption = {
  type: "string",
  placeholder: "FOLDER",
  description: "Folder that train:crossval wrote, or its probabilities.csv",
  defaultText: "artifacts/crossval/<data set>",
  group: "data",
} as const;

/** The folder that `train:crossval` writes by default. */
export function defaultProbabilities(dataset: string): string {
  return path.join("artifacts/crossval", toFolderName(dataset));
}

/** The files in a folder of `train:crossval`. */
const FILES = {
  probabilities: "probabilities.csv",
  features: "features.npy",
  record: "crossval.json",
} as const;

/** Probabilities by models that were not trained on the image, for the images of a set. */
export interface OutOfFold {
  /** Path of the CSV. */
  readonly path: string;
  /** SHA-256 of the CSV. */
  readonly sha256: string;
  /** [N, classes], by position in the set; a row of zeros for an image without probabilities. */
  readonly probabilities: Float32Array;
  /** [N], 1 for an image with probabilities. */
  readonly isKnown: Uint8Array;
  /**
   * [N], the fold whose model gave the answers, from 1; 0 for an image in no fold (mean of all
   * models) or without probabilities. Features can be compared only within a fold.
   */
  readonly fold: Uint16Array;
  /** [N, features] by position, zeros for an image without; absent without a file of features. */
  readonly features?: Matrix;
}

/** Largest difference of a sum of probabilities from 1. */
const SUM_TOLERANCE = 0.01;

const HOW_TO_MAKE =
  "`npx nx run train:crossval` writes it: row,split,fold,label and one column for each class, in their order.";

/**
 * Reads out-of-fold probabilities, and the features beside them.
 *
 * @param place a folder of `train:crossval`, or its `probabilities.csv`. Features are read if
 *   `features.npy` is in the same folder.
 * @param data.sha256 of the data set; it is compared with the one in `crossval.json` if that is there.
 * @throws {MienError} `missing-file`; `bad-data` with the number of the line if a line is invalid;
 *   `mismatch` if it is for another data set.
 */
export async function readProbabilities(
  place: string,
  data: { readonly set: ImageSet; readonly sha256: string },
): Promise<OutOfFold> {
  const file = await csvAt(place);
  const folder = path.dirname(file);
  const content = await readBytes(file);
  const sha256 = createHash("sha256").update(content).digest("hex");
  await checkRecord(path.join(folder, FILES.record), data.sha256);
  const { positions, ...known } = parseProbabilities(
    Buffer.from(content).toString("utf8"),
    data.set,
    file,
  );
  const featureFile = path.join(folder, FILES.features);
  const matrix = existsSync(featureFile)
    ? parseNpy(await readBytes(featureFile), featureFile)
    : undefined;
  if (matrix !== undefined && matrix.rows !== positions.length) {
    throw new MienError(
      "mismatch",
      `${featureFile} has ${matrix.rows} rows, ${file} ${positions.length}`,
      { advice: "Both must be of the same cross-validation." },
    );
  }
  const features = matrix && byPosition(matrix, positions, imageCount(data.set));
  return { path: file, sha256, ...known, ...(features && { features }) };
}

/** The CSV of a place that `readProbabilities` takes. */
async function csvAt(place: string): Promise<string> {
  if (!existsSync(place)) {
    throw new MienError("missing-file", `there are no probabilities at ${place}`, {
      advice: "`npx nx run train:crossval` makes them; name its folder with --probabilities.",
    });
  }
  const isFolder = (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
  return isFolder ? path.join(place, FILES.probabilities) : place;
}

/**
 * SHA-256 of the files that `readProbabilities` would read, without parsing them.
 *
 * @returns the features are null if there are none.
 * @throws {MienError} `missing-file` if there is no file of probabilities.
 */
export async function identifyProbabilities(
  place: string,
): Promise<{ readonly probabilities: string; readonly features: string | null }> {
  const hash = async (file: string) => {
    return createHash("sha256")
      .update(await readBytes(file))
      .digest("hex");
  };
  const file = await csvAt(place);
  const features = path.join(path.dirname(file), FILES.features);
  return {
    probabilities: await hash(file),
    features: existsSync(features) ? await hash(features) : null,
  };
}

/** Checks that a cross-validation was made from this data set. An absent file is no error. */
async function checkRecord(file: string, sha256: string): Promise<void> {
  if (!existsSync(file)) return;
  const record = await readJson(file);
  const data = isRecord(record) ? record["data"] : undefined;
  const found = isRecord(data) ? data["sha256"] : undefined;
  if (typeof found !== "string" || found === sha256) return;
  throw new MienError(
    "mismatch",
    `${file} is of a data set with the SHA-256 ${printable(found.slice(0, 12))}…; this one has ${sha256.slice(0, 12)}…`,
    { advice: "Name the data set of the cross-validation with --csv." },
  );
}

interface Parsed extends Pick<OutOfFold, "probabilities" | "isKnown" | "fold"> {
  /** Position in the set of each line. */
  readonly positions: Uint32Array;
}

function parseProbabilities(text: string, set: ImageSet, file: string): Parsed {
  const [header = [], ...lines] = parseLines(text, file);
  const wanted = ["row", "split", "fold", "label", ...set.classes];
  if (header.join("\n") !== wanted.join("\n")) {
    throw new MienError(
      "bad-data",
      `${file}: expected the header ${wanted.join(",")}, found ${printable(header.join(",").slice(0, 200)) || "nothing"}`,
      { advice: HOW_TO_MAKE },
    );
  }
  const count = imageCount(set);
  const probabilities = new Float32Array(count * set.classes.length);
  const [isKnown, fold] = [new Uint8Array(count), new Uint16Array(count)];
  const positionOf = new Map(Array.from(set.row, (row, position) => [String(row), position]));
  const positions = Uint32Array.from(lines, (line, i) => {
    try {
      const position = positionOf.get(line[0] ?? "");
      if (position === undefined) throw stranger(`the data set has no row "${line[0] ?? ""}"`);
      if (isKnown[position] === 1) throw new Error(`row ${line[0]} occurs twice`);
      const answer = readLine(line, set, position);
      isKnown[position] = 1;
      fold[position] = answer.fold;
      probabilities.set(answer.values, position * set.classes.length);
      return position;
    } catch (error) {
      const code = error instanceof MienError ? error.code : "bad-data";
      throw new MienError(code, `${file}: line ${i + 2}: ${messageOf(error)}`, {
        advice:
          code === "mismatch"
            ? "The probabilities must have been made for this data set; name it with --csv."
            : HOW_TO_MAKE,
      });
    }
  });
  return { probabilities, isKnown, fold, positions };
}

function parseLines(text: string, file: string): string[][] {
  try {
    return parse(text, {
      bom: true,
      record_delimiter: ["\r\n", "\n"],
      relax_column_count: true,
      skip_empty_lines: false,
    });
  } catch (error) {
    throw new MienError("bad-data", `${file} is not a CSV: ${messageOf(error)}`, {
      advice: HOW_TO_MAKE,
      cause: error,
    });
  }
}

/** Checks one line against the image at its position. */
function readLine(line: readonly string[], set: ImageSet, position: number) {
  const columns = 4 + set.classes.length;
  if (line.length !== columns) throw new Error(`expected ${columns} values, found ${line.length}`);
  const [row = "", split = "", foldText = "", label = "", ...rest] = line;
  const ownSplit = itemAt(USAGES, itemAt(set.usage, position));
  const ownLabel = itemAt(set.classes, itemAt(set.labels, position));
  if (split !== ownSplit) {
    throw stranger(`row ${row} has the split ${ownSplit} in the data set, "${split}" here`);
  }
  if (label !== ownLabel) {
    throw stranger(`row ${row} has the label ${ownLabel} in the data set, "${label}" here`);
  }
  if (!/^(|[1-9]\d{0,3})$/.test(foldText)) {
    throw new Error(`expected a fold from 1, or none, found "${printable(foldText)}"`);
  }
  const values = rest.map((cell) => (cell.trim() === "" ? NaN : Number(cell)));
  const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
  if (wrong >= 0) {
    throw new Error(`expected a probability of 0 to 1, found "${printable(rest[wrong] ?? "")}"`);
  }
  const sum = values.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) > SUM_TOLERANCE) {
    throw new Error(`expected probabilities that sum to 1, found the sum ${sum.toFixed(4)}`);
  }
  return { fold: Number(foldText), values };
}

function stranger(problem: string): MienError {
  return new MienError("mismatch", problem);
}

function byPosition({ columns, values }: Matrix, positions: Uint32Array, rows: number): Matrix {
  const sorted = new Float32Array(rows * columns);
  positions.forEach((position, i) => {
    sorted.set(values.subarray(i * columns, (i + 1) * columns), position * columns);
  });
  return { rows, columns, values: sorted };
}
