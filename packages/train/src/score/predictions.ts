import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, writeFileAtomic } from "@mien/cli";
import { voteWinners, type Pictures, type Votes } from "@mien/data";
import {
  decodeTensors,
  encodeTensors,
  imageAt,
  itemAt,
  MienError,
  tensorOf,
  type ImageSet,
} from "@mien/format";
import { z } from "zod";

/** A split of a data set that models are evaluated on. */
export type EvaluationSplit = "validation" | "test";

/** What is known about the images of a split, in the order of the split. */
interface GroundTruth {
  /** [N], the row of the CSV that each image came from. */
  readonly row: Uint32Array;
  /** [N], the label of the data set. */
  readonly labels: Uint8Array;
  /** [N], 1 for images that have an exact copy in the training split, else 0. */
  readonly copied: Uint8Array;
  /**
   * [N], 1 for images that have an exact copy or a near-copy in the training split, else 0; undefined
   * in predictions of earlier versions.
   */
  readonly nearCopied?: Uint8Array;
  /** [N], the winner of the FER+ votes, −1 for none; undefined without votes. */
  readonly votes?: Int32Array;
}

/** The predictions of a model on a split, with the ground truth. */
export interface Predictions extends GroundTruth {
  readonly split: EvaluationSplit;
  readonly classes: readonly string[];
  /** [N, classes], before calibration. */
  readonly probabilities: Float32Array;
  /** [N, classes], means over mirrored and shifted crops. */
  readonly averaged?: Float32Array;
}

/** The file in a run folder that holds the predictions on a split, in the safetensors format. */
export const predictionsFile = (run: string, split: EvaluationSplit): string =>
  path.join(run, `predictions-${split}.bin`);

/**
 * The ground truth of some images of a set.
 *
 * @param positions of the images in the set.
 * @param given.training positions of the images that the model was trained on.
 * @param given.pictures of the whole set.
 */
export function groundTruthOf(
  set: ImageSet,
  positions: Uint32Array,
  given: {
    readonly training: Uint32Array;
    readonly votes?: Votes | undefined;
    /** Without it, `nearCopied` is left out. */
    readonly pictures?: Pictures | undefined;
  },
): GroundTruth {
  const hashOf = (position: number) =>
    createHash("sha256").update(imageAt(set, position)).digest("base64");
  const training = new Set(Array.from(given.training, hashOf));
  const { pictureOf } = given.pictures ?? {};
  const trained = pictureOf && new Set(given.training.map((at) => itemAt(pictureOf, at)));
  const winners = given.votes && voteWinners(given.votes, set.classes);
  return {
    row: positions.map((position) => itemAt(set.row, position)),
    labels: Uint8Array.from(positions, (position) => itemAt(set.labels, position)),
    copied: Uint8Array.from(positions, (position) => (training.has(hashOf(position)) ? 1 : 0)),
    ...(pictureOf && {
      nearCopied: Uint8Array.from(positions, (position) =>
        trained?.has(itemAt(pictureOf, position)) ? 1 : 0,
      ),
    }),
    ...(winners && {
      votes: Int32Array.from(positions, (position) => itemAt(winners, position)),
    }),
  };
}

/** Writes predictions into a run folder, as a whole or not at all; returns the path. */
export async function writePredictions(run: string, predictions: Predictions): Promise<string> {
  const { split, classes, probabilities, averaged, row, labels, copied, nearCopied, votes } =
    predictions;
  const [images, count] = [labels.length, classes.length];
  const file = predictionsFile(run, split);
  await writeFileAtomic(
    file,
    encodeTensors({
      tensors: {
        probabilities: { shape: [images, count], data: probabilities },
        ...(averaged && { averaged: { shape: [images, count], data: averaged } }),
        row: { shape: [images], data: row },
        labels: { shape: [images], data: labels },
        copied: { shape: [images], data: copied },
        ...(nearCopied && { nearCopied: { shape: [images], data: nearCopied } }),
        ...(votes && { votes: { shape: [images], data: votes } }),
      },
      metadata: { part: split, classes: JSON.stringify(classes) },
    }),
  );
  return file;
}

const classNames = z.array(z.string());

/**
 * Reads the stored predictions of a run.
 *
 * @throws {MienError} `missing-file` if there are none, `bad-data` if the file is damaged.
 */
export async function readPredictions(run: string, split: EvaluationSplit): Promise<Predictions> {
  const file = predictionsFile(run, split);
  if (!existsSync(file)) {
    const flag = split === "test" ? " --final" : "";
    throw new MienError("missing-file", `${run} holds no predictions on its ${split} split`, {
      advice: `Make them with \`npx nx run train:evaluate ${run}${flag}\`.`,
    });
  }
  const stored = decodeTensors(await readBytes(file), file);
  const { averaged, nearCopied, votes } = stored.tensors;
  const classes = classNames.parse(JSON.parse(stored.metadata["classes"] ?? "[]"));
  const predictions: Predictions = {
    split,
    classes,
    probabilities: tensorOf(stored, "probabilities", "F32").data,
    row: tensorOf(stored, "row", "U32").data,
    labels: tensorOf(stored, "labels", "U8").data,
    copied: tensorOf(stored, "copied", "U8").data,
    ...(nearCopied && { nearCopied: tensorOf(stored, "nearCopied", "U8").data }),
    ...(averaged && { averaged: tensorOf(stored, "averaged", "F32").data }),
    ...(votes && { votes: tensorOf(stored, "votes", "I32").data }),
  };
  const { row, probabilities } = predictions;
  if (probabilities.length === row.length * classes.length) return predictions;
  throw new MienError("bad-data", `${file} does not hold one row of probabilities per image`);
}
