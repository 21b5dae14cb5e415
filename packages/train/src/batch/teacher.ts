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
 * A teacher's answers for distillation: one safetensors file with `answers`, uint8 [rows, classes],
 * by row of the data set's CSV. A value v stands for the probability exp(−v / 16), so that a
 * quarter of a megabyte holds FER2013's and rare classes keep their order; a row of 255s has no
 * answer.
 */

const NATS = 16;
const NOTHING = 255;

/** Writes a teacher's probabilities [N, classes]; rows of 0 have no answer. */
export async function writeTeacher(
  file: string,
  answers: Float32Array,
  about: { readonly set: ImageSet; readonly data: string; readonly made: string },
): Promise<void> {
  const classes = about.set.classes.length;
  const rows = about.set.row.reduce((last, row) => Math.max(last, row + 1), 0);
  const data = new Uint8Array(rows * classes).fill(NOTHING);
  about.set.row.forEach((row, i) => {
    for (let k = 0; k < classes; k++) {
      const probability = answers[i * classes + k] as number;
      const nats = probability > 0 ? -Math.log(probability) : Infinity;
      data[row * classes + k] = Math.min(NOTHING, Math.round(nats * NATS));
    }
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

/** Which file it is, for deciding whether it is needed. */
export async function identifyTeacher(file: string): Promise<SourceFile> {
  const content = await readBytes(file);
  return { path: file, sha256: createHash("sha256").update(content).digest("hex") };
}

/**
 * Reads a teacher's answers as probabilities [N, classes], each row with a sum of 1, or of 0 where
 * there is no answer.
 *
 * @param about.data SHA-256 of the data set that the set was read from.
 * @throws {MienError} `bad-data` if it is no such file, `mismatch` if it is about other data.
 */
export async function readTeacher(
  file: string,
  { set, data }: { readonly set: ImageSet; readonly data: string },
): Promise<Float32Array> {
  const { tensors, metadata } = decodeTensors(await readBytes(file), file);
  const stored = tensors["answers"];
  if (metadata["kind"] !== "mien-teacher-1" || !(stored?.data instanceof Uint8Array)) {
    throw new MienError("bad-data", `${file} holds no teacher's answers`, {
      advice: "Make one with `npx nx run train:teach`.",
    });
  }
  if (metadata["data"] !== data || metadata["labels"] !== JSON.stringify(set.classes)) {
    throw new MienError("mismatch", `${file} holds answers about another data set`, {
      advice: "Make one for this data with `npx nx run train:teach`.",
    });
  }
  const values = stored.data;
  const classes = set.classes.length;
  const answers = new Float32Array(set.row.length * classes);
  set.row.forEach((row, i) => {
    const logs = values.subarray(row * classes, (row + 1) * classes);
    if (logs.every((value) => value === NOTHING)) return;
    const shares = Array.from(logs, (value) => Math.exp(-value / NATS));
    const total = shares.reduce((sum, share) => sum + share, 0);
    answers.set(
      shares.map((share) => share / total),
      i * classes,
    );
  });
  return answers;
}
