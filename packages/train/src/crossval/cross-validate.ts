import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { readBytes, writeFileAtomic } from "@mien/cli";
import {
  decodeTensors,
  encodeTensors,
  itemAt,
  RUN_FILES,
  tensorOf,
  type EpochRecord,
  type ImageSet,
} from "@mien/format";
import type { TargetSources } from "../batch/targets.ts";
import type { TrainConfig } from "../config.ts";
import { predictImages } from "../evaluate.ts";
import { saveTrainedModel } from "../finish.ts";
import { fit, type FitOptions } from "../fit.ts";
import { openModel, pixelsAt, type Features, type TrainedModel } from "../network/trained-model.ts";
import { align, findAlignment } from "./align-features.ts";

/** Images whose features are computed at once. */
const CHUNK = 1024;
/** The largest number of images on which the features of two networks are aligned. */
const ALIGNED_IMAGES = 2000;
const ANSWERS = "answers.safetensors";

/** The inputs of a cross-validation. */
export interface CrossvalOptions {
  readonly set: ImageSet;
  /** Positions in the set that are divided into folds, in ascending order. */
  readonly rows: Uint32Array;
  /** [rows], the fold of each of them, from 0. */
  readonly foldOf: Uint8Array;
  /** Number of folds. */
  readonly folds: number;
  /** Positions of other images, which no model is trained on, in ascending order. */
  readonly others: Uint32Array;
  readonly config: TrainConfig;
  readonly sources?: TargetSources;
  readonly seed: number;
  /** Holds a folder for each fold. */
  readonly folder: string;
  /** The inputs as text; the stored parts of a cross-validation with other inputs are ignored. */
  readonly inputs: string;
  readonly signal?: AbortSignal;
  /** Called when a model begins to be trained; not for folds that are finished. */
  readonly onFold?: (fold: number, epochs: number) => void;
  readonly onProgress?: (fold: number, ...progress: Parameters<Progress>) => void;
  readonly onEpoch?: (fold: number, record: EpochRecord) => void;
  /** Called while a trained model predicts, with the number of views of images, and their total. */
  readonly onPredict?: (fold: number, done: number, total: number) => void;
}

type Progress = NonNullable<FitOptions["onProgress"]>;

/** What the models of a cross-validation answer, in ascending order of the positions. */
export interface CrossvalAnswers {
  /** [N], positions in the set: those of `rows` and `others`. */
  readonly positions: Uint32Array;
  /** [N], the fold of each image from 1; 0 for `others`. */
  readonly fold: Uint8Array;
  /**
   * [N, classes]: of the model that was not trained on the image, as means over ten views; for
   * `others` the mean of all models.
   */
  readonly probabilities: Float32Array;
  /** Of the same models, in the feature space of the first one. */
  readonly features: Features;
}

/** What one model answers for some images. */
interface Answers {
  readonly probabilities: Float32Array;
  readonly features: Features;
}

/**
 * Trains one model for each fold on all other folds, and lets it predict the images of its own fold.
 * No epoch is chosen: the last one is kept, so the images of the fold influence nothing.
 *
 * Resumes where it was stopped: after the last whole epoch.
 *
 * @throws {MienError} the errors of `fit`.
 */
export async function crossValidate(options: CrossvalOptions): Promise<CrossvalAnswers> {
  const { set, rows, foldOf, folds, others } = options;
  const classes = set.classes.length;
  const shared = (others.length > 0 ? others : rows).slice(0, ALIGNED_IMAGES);
  const positions = Uint32Array.from([...rows, ...others]).sort();
  const placeOf = new Map(Array.from(positions, (position, place) => [position, place]));
  const fold = new Uint8Array(positions.length);
  const probabilities = new Float32Array(positions.length * classes);
  let features: Features | undefined;
  let first: Features | undefined;
  for (let current = 0; current < folds; current++) {
    const own = rows.filter((_, i) => foldOf[i] === current);
    const asked = Uint32Array.from([...own, ...others, ...shared]);
    const answers = await answersOf(options, { fold: current, own, asked });
    const { width } = answers.features;
    features ??= { width, values: new Float32Array(positions.length * width) };
    const common = answers.features.values.subarray((own.length + others.length) * width);
    first ??= { width, values: common };
    const aligned =
      current === 0
        ? answers.features
        : align(answers.features, findAlignment({ width, values: common }, first));
    for (let i = 0; i < own.length + others.length; i++) {
      const place = placeOf.get(itemAt(asked, i))!;
      const isOwn = i < own.length;
      if (isOwn) fold[place] = current + 1;
      const share = isOwn ? 1 : 1 / folds;
      add(probabilities, answers.probabilities, { place, from: i, width: classes, share });
      add(features.values, aligned.values, { place, from: i, width, share });
    }
  }
  if (features === undefined) throw new RangeError("a cross-validation needs folds");
  return { positions, fold, probabilities, features };
}

/** Adds a share of a row to a row of another array. */
function add(
  to: Float32Array,
  values: Float32Array,
  at: {
    readonly place: number;
    readonly from: number;
    readonly width: number;
    readonly share: number;
  },
): void {
  const { place, from, width, share } = at;
  for (let k = 0; k < width; k++) {
    to[place * width + k]! += share * itemAt(values, from * width + k);
  }
}

/** What the model of a fold answers: from its folder, or after training it. */
async function answersOf(
  options: CrossvalOptions,
  about: { readonly fold: number; readonly own: Uint32Array; readonly asked: Uint32Array },
): Promise<Answers> {
  const { set, rows, foldOf, config, seed, signal } = options;
  const { fold, own, asked } = about;
  const folder = path.join(options.folder, `fold-${fold + 1}`);
  const inputs = JSON.stringify([options.inputs, fold]);
  const stored = await readAnswers(folder, inputs);
  if (stored !== undefined) return stored;
  options.onFold?.(fold, config.epochs);
  const result = await fit({
    set,
    split: { rule: "merged", train: rows.filter((_, i) => foldOf[i] !== fold), validation: own },
    config,
    sources: options.sources ?? {},
    // Each model has its own initial weights and order of images.
    seed: seed + fold,
    folder,
    inputs,
    keepLast: true,
    ...(signal && { signal }),
    onProgress: (progress) => options.onProgress?.(fold, progress),
    onEpoch: (record) => options.onEpoch?.(fold, record),
  });
  await saveTrainedModel(result, { set, config, folder });
  const { height, width, channels, classes } = set;
  const model = await openModel(folder, { classes, input: { height, width, channels } });
  try {
    const { probabilities, averaged = probabilities } = await predictImages(
      model,
      { set, positions: asked },
      {
        averaging: true,
        signal,
        onProgress: (done, total) => options.onPredict?.(fold, done, total),
      },
    );
    const answers = { probabilities: averaged, features: await featuresOf(model, set, asked) };
    await writeAnswers(folder, answers, inputs);
    // The answers make it superfluous.
    await rm(path.join(folder, RUN_FILES.checkpoint), { recursive: true, force: true });
    return answers;
  } finally {
    model.dispose();
  }
}

async function featuresOf(
  model: TrainedModel,
  set: ImageSet,
  positions: Uint32Array,
): Promise<Features> {
  let all: Features | undefined;
  for (let at = 0; at < positions.length; at += CHUNK) {
    const chunk = positions.subarray(at, at + CHUNK);
    const { width, values } = await model.features(pixelsAt(set, chunk), chunk.length);
    all ??= { width, values: new Float32Array(positions.length * width) };
    all.values.set(values, at * width);
  }
  return all ?? { width: 0, values: new Float32Array() };
}

async function writeAnswers(folder: string, answers: Answers, inputs: string): Promise<void> {
  const { probabilities, features } = answers;
  const images = features.values.length / features.width;
  const parts = encodeTensors({
    tensors: {
      probabilities: { shape: [images, probabilities.length / images], data: probabilities },
      features: { shape: [images, features.width], data: features.values },
    },
    metadata: { inputs },
  });
  await writeFileAtomic(path.join(folder, ANSWERS), parts);
}

/** The stored answers; undefined if there are none, or if they are of other inputs or damaged. */
async function readAnswers(folder: string, inputs: string): Promise<Answers | undefined> {
  const file = path.join(folder, ANSWERS);
  if (!existsSync(file)) return undefined;
  try {
    const stored = decodeTensors(await readBytes(file), file);
    if (stored.metadata["inputs"] !== inputs) return undefined;
    const { data, shape } = tensorOf(stored, "features", "F32");
    return {
      probabilities: tensorOf(stored, "probabilities", "F32").data,
      features: { width: Number(shape[1]), values: data },
    };
  } catch {
    return undefined;
  }
}
