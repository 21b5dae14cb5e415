import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { readBytes } from "@mien/cli";
import { MienError } from "@mien/format";
import { parseNpy } from "./npy.ts";
import type { Vectors } from "./principal-components.ts";

const FEATURES = "features.npy";
const PROBABILITIES = "probabilities.csv";

/** Features of images that a model computed. */
export interface Features {
  /** The file. */
  readonly path: string;
  readonly sha256: string;
  readonly vectors: Vectors;
  /** The CSV row of each vector; undefined if the vectors have the order of the data set. */
  readonly rows: readonly number[] | undefined;
}

/**
 * Reads the features that `train:crossval` writes.
 *
 * @param source its folder, or a NumPy file with float32 [images, features]. If there is a
 * `probabilities.csv` beside the file, its first column is the row of each vector in the data set.
 * @throws {MienError} `missing-file`, `bad-data` if the file has another form or number of rows.
 */
export async function readFeatures(source: string): Promise<Features> {
  const isFolder = existsSync(source) && statSync(source).isDirectory();
  const file = isFolder ? path.join(source, FEATURES) : source;
  if (!existsSync(file)) {
    throw new MienError("missing-file", `no features at ${file}`, {
      advice: `Name the folder that train:crossval wrote, or a NumPy file: --features FILE.npy`,
    });
  }
  const bytes = await readBytes(file);
  const { rows: count, columns, values } = parseNpy(bytes, file);
  const beside = path.join(path.dirname(file), PROBABILITIES);
  const rows = existsSync(beside) ? readRows(await readBytes(beside), beside) : undefined;
  if (rows !== undefined && rows.length !== count) {
    throw new MienError(
      "bad-data",
      `${beside} has ${rows.length} rows, but ${file} has features of ${count} images`,
      { advice: "Both files must come from one run of train:crossval." },
    );
  }
  const sha256 = createHash("sha256").update(bytes).update(String(rows)).digest("hex");
  return { path: file, sha256, vectors: { values, width: columns }, rows };
}

/** The first column of a CSV with a header. */
function readRows(bytes: Buffer, file: string): number[] {
  const lines = bytes.toString("utf8").trimEnd().split(/\r?\n/).slice(1);
  return lines.map((line, i) => {
    const row = Number(line.split(",", 1)[0] || NaN);
    if (Number.isInteger(row) && row >= 0) return row;
    throw new MienError("bad-data", `${file}, line ${i + 2}: expected a row number first`);
  });
}
