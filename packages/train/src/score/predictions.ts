import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, writeFileAtomic } from "@mien/cli";
import { voteWinners, type Votes } from "@mien/data";
import {
  decodeTensors,
  encodeTensors,
  imageAt,
  MienError,
  tensorOf,
  type ImageSet,
} from "@mien/format";

/** A part of a data set that models are measured on. */
export type MeasuredPart = "validation" | "test";

/** The images of a part, and what is right about them, in the order of the part. */
export interface PartAnswers {
  /** [N], the row of the CSV that each image came from. */
  readonly row: Uint32Array;
  /** [N], the data set's own label. */
  readonly labels: Uint8Array;
  /** [N], 1 for images that have an exact copy in the training part, else 0. */
  readonly copied: Uint8Array;
  /** [N], the winner of the FER+ votes, −1 for none; undefined without votes. */
  readonly votes?: Int32Array;
}

/** What a model said about the images of a part, with what is right. */
export interface Predictions extends PartAnswers {
  readonly part: MeasuredPart;
  readonly classes: readonly string[];
  /** [N, classes], before calibration. */
  readonly probabilities: Float32Array;
  /** [N, classes], means over mirror images and shifted crops. */
  readonly averaged?: Float32Array;
}

/** The file in a run folder that holds the predictions on a part, in the safetensors layout. */
export const predictionsFile = (run: string, part: MeasuredPart): string =>
  path.join(run, `predictions-${part}.bin`);

/**
 * What is right about some images of a set.
 *
 * @param positions in the set; `training` are those that the model learnt from.
 */
export function answersOf(
  set: ImageSet,
  positions: Uint32Array,
  given: { readonly training: Uint32Array; readonly votes?: Votes | undefined },
): PartAnswers {
  const hashOf = (position: number) =>
    createHash("sha256").update(imageAt(set, position)).digest("base64");
  const seen = new Set(Array.from(given.training, hashOf));
  const winners = given.votes && voteWinners(given.votes, set.classes);
  return {
    row: positions.map((position) => set.row[position] as number),
    labels: Uint8Array.from(positions, (position) => set.labels[position] as number),
    copied: Uint8Array.from(positions, (position) => (seen.has(hashOf(position)) ? 1 : 0)),
    ...(winners && {
      votes: Int32Array.from(positions, (position) => winners[position] as number),
    }),
  };
}

/** Stores predictions in a run folder, whole or not at all; returns the path. */
export async function writePredictions(run: string, predictions: Predictions): Promise<string> {
  const { part, classes, probabilities, averaged, row, labels, copied, votes } = predictions;
  const [images, count] = [labels.length, classes.length];
  const file = predictionsFile(run, part);
  await writeFileAtomic(
    file,
    encodeTensors({
      tensors: {
        probabilities: { shape: [images, count], data: probabilities },
        ...(averaged && { averaged: { shape: [images, count], data: averaged } }),
        row: { shape: [images], data: row },
        labels: { shape: [images], data: labels },
        copied: { shape: [images], data: copied },
        ...(votes && { votes: { shape: [images], data: votes } }),
      },
      metadata: { part, classes: JSON.stringify(classes) },
    }),
  );
  return file;
}

/**
 * Reads a run's stored predictions.
 *
 * @throws {MienError} `missing-file` if there are none, `bad-data` if the file is damaged.
 */
export async function readPredictions(run: string, part: MeasuredPart): Promise<Predictions> {
  const file = predictionsFile(run, part);
  if (!existsSync(file)) {
    const flag = part === "test" ? " --final" : "";
    throw new MienError("missing-file", `${run} holds no predictions on its ${part} part`, {
      advice: `Make them with \`npx nx run train:evaluate ${run}${flag}\`.`,
    });
  }
  const stored = decodeTensors(await readBytes(file), file);
  const { averaged, votes } = stored.tensors;
  const classes = JSON.parse(stored.metadata["classes"] ?? "[]") as string[];
  const predictions: Predictions = {
    part,
    classes,
    probabilities: tensorOf(stored, "probabilities", "F32").data,
    row: tensorOf(stored, "row", "U32").data,
    labels: tensorOf(stored, "labels", "U8").data,
    copied: tensorOf(stored, "copied", "U8").data,
    ...(averaged && { averaged: tensorOf(stored, "averaged", "F32").data }),
    ...(votes && { votes: tensorOf(stored, "votes", "I32").data }),
  };
  const { row, probabilities } = predictions;
  if (probabilities.length === row.length * classes.length) return predictions;
  throw new MienError("bad-data", `${file} does not hold one row of probabilities per image`);
}
