import { createHash } from "node:crypto";
import { readBytes, writeFileAtomic } from "@mien/cli";
import type { RunImages } from "@mien/data";
import {
  decodeTensors,
  encodeTensors,
  MienError,
  type ImageSet,
  type SourceFile,
} from "@mien/format";

/*
 * A teacher's probabilities for distillation are one safetensors file with the tensors `answers`, of
 * models that learnt the labels, and `voteAnswers`, of models that learnt the FER+ votes; one of them
 * can be absent. Each is uint8 [rows of the CSV, classes]. The value v stands for the probability
 * exp(−v / 16), so that a file for FER2013 has a quarter of a megabyte per tensor and keeps the order
 * of improbable classes. A row of 255s means that the teacher has no probabilities for it.
 */

/** Steps per nat of the logarithm of a probability. */
const STEPS = 16;
/** The value of a row without probabilities. */
const NONE = 255;

/** A teacher's probabilities [N, classes], by position in the set; a row of zeros means none. */
export interface TeacherProbabilities {
  /** Of models that learnt the labels, or labels and votes together. */
  readonly byLabels?: Float32Array | undefined;
  /** Of models that learnt only the FER+ votes. */
  readonly byVotes?: Float32Array | undefined;
}

/** The tensors of the file. */
const TENSORS = { byLabels: "answers", byVotes: "voteAnswers" } as const;

/**
 * Writes a teacher's probabilities.
 *
 * @param about.data SHA-256 of the data set.
 * @param about.made names of the runs that the teacher consists of.
 */
export async function writeTeacher(
  file: string,
  { byLabels, byVotes }: TeacherProbabilities,
  about: { readonly set: ImageSet; readonly data: string; readonly made: string },
): Promise<void> {
  const classes = about.set.classes.length;
  const rows = about.set.row.reduce((last, row) => Math.max(last, row + 1), 0);
  const encode = (probabilities: Float32Array) => {
    const data = new Uint8Array(rows * classes).fill(NONE);
    about.set.row.forEach((row, i) => {
      probabilities.subarray(i * classes, (i + 1) * classes).forEach((probability, k) => {
        const nats = probability > 0 ? -Math.log(probability) : Infinity;
        data[row * classes + k] = Math.min(NONE, Math.round(nats * STEPS));
      });
    });
    return { shape: [rows, classes], data };
  };
  const metadata = {
    kind: "mien-teacher-1",
    data: about.data,
    labels: JSON.stringify(about.set.classes),
    made: about.made,
  };
  const tensors = {
    ...(byLabels && { [TENSORS.byLabels]: encode(byLabels) }),
    ...(byVotes && { [TENSORS.byVotes]: encode(byVotes) }),
  };
  await writeFileAtomic(file, encodeTensors({ tensors, metadata }));
}

/**
 * A teacher's probabilities for a data set as probabilities for the classes and images of a run.
 *
 * @param images of the run (`runImages`).
 */
export function mapTeacher(
  { byLabels, byVotes }: TeacherProbabilities,
  images: Pick<RunImages, "probabilities">,
): TeacherProbabilities {
  return {
    byLabels: byLabels && images.probabilities(byLabels),
    byVotes: byVotes && images.probabilities(byVotes),
  };
}

/** The path and SHA-256 of a teacher's file, which identify it among the inputs of a run. */
export async function identifyTeacher(file: string): Promise<SourceFile> {
  const content = await readBytes(file);
  return { path: file, sha256: createHash("sha256").update(content).digest("hex") };
}

/**
 * Reads a teacher's probabilities. A row sums to 1, or to 0 if the teacher has no probabilities for
 * the image.
 *
 * @param about.data SHA-256 of the data set that the set was read from.
 * @throws {MienError} `bad-data` if the file is of another kind, `mismatch` if it is for other data.
 */
export async function readTeacher(
  file: string,
  { set, data }: { readonly set: ImageSet; readonly data: string },
): Promise<TeacherProbabilities> {
  const { tensors, metadata } = decodeTensors(await readBytes(file), file);
  const found = Object.values(TENSORS).flatMap((name) => tensors[name] ?? []);
  const isTeacher = metadata["kind"] === "mien-teacher-1" && found.length > 0;
  if (!isTeacher || found.some((tensor) => !(tensor.data instanceof Uint8Array))) {
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
  const classes = set.classes.length;
  const decode = (name: string) => {
    const values = tensors[name]?.data;
    if (!(values instanceof Uint8Array)) return undefined;
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
  };
  return { byLabels: decode(TENSORS.byLabels), byVotes: decode(TENSORS.byVotes) };
}
