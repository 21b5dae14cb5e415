import { createHash } from "node:crypto";
import { readBytes, writeFileAtomic } from "@mien/cli";
import {
  decodeTensors,
  encodeTensors,
  MienError,
  type ImageSet,
  type SourceFile,
} from "@mien/format";

/*
 * A teacher's probabilities for distillation are one safetensors file with the tensor `answers`,
 * uint8 [rows of the CSV, classes]. The value v stands for the probability exp(−v / 16), so that a
 * file for FER2013 has a quarter of a megabyte and keeps the order of improbable classes. A row of
 * 255s means that the teacher has no probabilities for it.
 */

/** Steps per nat of the logarithm of a probability. */
const STEPS = 16;
/** The value of a row without probabilities. */
const NONE = 255;

/**
 * Writes a teacher's probabilities.
 *
 * @param probabilities [N, classes], by position in the set; a row of zeros means none.
 * @param about.data SHA-256 of the data set.
 * @param about.made names of the runs that the teacher consists of.
 */
export async function writeTeacher(
  file: string,
  probabilities: Float32Array,
  about: { readonly set: ImageSet; readonly data: string; readonly made: string },
): Promise<void> {
  const classes = about.set.classes.length;
  const rows = about.set.row.reduce((last, row) => Math.max(last, row + 1), 0);
  const data = new Uint8Array(rows * classes).fill(NONE);
  about.set.row.forEach((row, i) => {
    probabilities.subarray(i * classes, (i + 1) * classes).forEach((probability, k) => {
      const nats = probability > 0 ? -Math.log(probability) : Infinity;
      data[row * classes + k] = Math.min(NONE, Math.round(nats * STEPS));
    });
  });
  const metadata = {
    kind: "mien-teacher-1",
    data: about.data,
    labels: JSON.stringify(about.set.classes),
    made: about.made,
  };
  const tensors = { answers: { shape: [rows, classes], data } };
  await writeFileAtomic(file, encodeTensors({ tensors, metadata }));
}

/** The path and SHA-256 of a teacher's file, which identify it among the inputs of a run. */
export async function identifyTeacher(file: string): Promise<SourceFile> {
  const content = await readBytes(file);
  return { path: file, sha256: createHash("sha256").update(content).digest("hex") };
}

/**
 * Reads a teacher's probabilities [N, classes], by position in the set. A row sums to 1, or to 0 if
 * the teacher has no probabilities for the image.
 *
 * @param about.data SHA-256 of the data set that the set was read from.
 * @throws {MienError} `bad-data` if the file is of another kind, `mismatch` if it is for other data.
 */
export async function readTeacher(
  file: string,
  { set, data }: { readonly set: ImageSet; readonly data: string },
): Promise<Float32Array> {
  const { tensors, metadata } = decodeTensors(await readBytes(file), file);
  const stored = tensors["answers"];
  if (metadata["kind"] !== "mien-teacher-1" || !(stored?.data instanceof Uint8Array)) {
    throw new MienError("bad-data", `${file} does not hold a teacher's probabilities`, {
      advice: "Make one with `npx nx run train:teach`.",
    });
  }
  if (metadata["data"] !== data || metadata["labels"] !== JSON.stringify(set.classes)) {
    throw new MienError(
      "mismatch",
      `${file} holds a teacher's probabilities for another data set`,
      {
        advice: "Make one for this data with `npx nx run train:teach`.",
      },
    );
  }
  const values = stored.data;
  const classes = set.classes.length;
  const probabilities = new Float32Array(set.row.length * classes);
  set.row.forEach((row, i) => {
    const logs = values.subarray(row * classes, (row + 1) * classes);
    if (logs.every((value) => value === NONE)) return;
    const shares = Array.from(logs, (value) => Math.exp(-value / STEPS));
    const total = shares.reduce((sum, share) => sum + share, 0);
    probabilities.set(
      shares.map((share) => share / total),
      i * classes,
    );
  });
  return probabilities;
}
