import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { readBytes } from "@mien/cli";
import { MienError } from "@mien/format";
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
  const vectors = parseNpy(bytes, file);
  const count = vectors.values.length / vectors.width;
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
  return { path: file, sha256, vectors, rows };
}

/**
 * Reads a NumPy array, float32 [count, width].
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
function parseNpy(bytes: Buffer, file: string): Vectors {
  const expected = "a NumPy file of float32 with two dimensions, images and features";
  const fail = (found: string) => new MienError("bad-data", `${file}: expected ${expected}, found ${found}`); // prettier-ignore
  if (bytes.length < 12 || bytes.toString("latin1", 1, 6) !== "NUMPY") throw fail("another file");
  const isLong = bytes.readUInt8(6) > 1;
  const start = isLong ? 12 : 10;
  const end = start + (isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8));
  const header = bytes.toString("latin1", start, end);
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const isFortran = /'fortran_order':\s*True/.test(header);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "";
  const [count = 0, width = 0, ...others] = shape.split(",").filter((n) => n.trim() !== "").map(Number); // prettier-ignore
  if (type !== "<f4" || isFortran || others.length > 0 || count < 1 || width < 1) {
    throw fail(`${type ?? "no type"} (${shape})${isFortran ? " in Fortran order" : ""}`);
  }
  if (bytes.length - end !== 4 * count * width) throw fail(`${bytes.length - end} bytes of values`);
  // A copy, because the values need not start at a multiple of four bytes.
  const values = new Float32Array(new Uint8Array(bytes.subarray(end)).buffer);
  if (values.some((value) => !Number.isFinite(value))) throw fail("values that are no numbers");
  return { values, width };
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
