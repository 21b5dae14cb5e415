import path from "node:path";
import { counted, writeFileAtomic } from "@mien/cli";
import {
  MienError,
  random,
  RUN_FILES,
  shuffle,
  type EpochRecord,
  type ImageSet,
  type Split,
} from "@mien/format";
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from "./run/checkpoint.ts";
import type { TrainConfig } from "./config.ts";
import { bestEpoch, criterionOf } from "./run/history.ts";
import { loadState, stateOf } from "./network/network.ts";
import { learningRateAt } from "./network/schedule.ts";
import { inferenceScores } from "./inference-scores.ts";
import {
  createTrainer,
  disposeTrainer,
  storedVariables,
  trainStep,
  type StartWeights,
} from "./step.ts";
import type { Standardisation } from "./network/standardise.ts";
import type { TargetSources } from "./batch/targets.ts";

/** The inputs of a training and the folder of its run. */
export interface FitOptions {
  readonly set: ImageSet;
  /** Positions in the set to train on and to validate on; the test split is not used. */
  readonly split: Pick<Split, "train" | "validation"> & Partial<Pick<Split, "rule">>;
  readonly config: TrainConfig;
  /** FER+ votes and a teacher's probabilities, if the configuration needs them. */
  readonly sources?: TargetSources;
  /** Initial weights (`readStartWeights`); random if undefined. */
  readonly start?: StartWeights | undefined;
  readonly seed: number;
  /** The run folder; training resumes from a checkpoint in it. */
  readonly folder: string;
  /** The inputs of the run as text (`inputsKey`); a checkpoint with other inputs is refused. */
  readonly inputs: string;
  /** Whether the last epoch is kept instead of the best one; default false. */
  readonly keepLast?: boolean;
  /** Stops the training with an `interrupted` error; the finished epochs are stored. */
  readonly signal?: AbortSignal;
  /** Called once, before the first step. */
  readonly onStart?: (used: UsedImages) => void;
  /** Called about twice a second during an epoch. */
  readonly onProgress?: (progress: FitProgress) => void;
  /**
   * Called after each epoch, when its checkpoint is stored, with all epochs so far. An error thrown
   * here stops the training.
   */
  readonly onEpoch?: (record: EpochRecord, history: readonly EpochRecord[]) => void;
}

/**
 * The numbers of images that a training uses, without those that `omit`, `subset` or the votes
 * exclude.
 */
export interface UsedImages {
  readonly train: { readonly used: number; readonly all: number };
  readonly validation: { readonly used: number; readonly all: number };
  /** Number of finished epochs: 0 for a new training. */
  readonly epochs: number;
}

/** The progress within an epoch. */
export interface FitProgress {
  /** 1 for the first. */
  readonly epoch: number;
  /** Number of training images processed in this epoch. */
  readonly images: number;
  /** Number of training images in an epoch. */
  readonly total: number;
  readonly imagesPerSecond: number;
  /** Time for the rest of all epochs at the present speed, in s. */
  readonly secondsLeft: number;
  /** Mean cross-entropy of this epoch so far, in nats. */
  readonly loss: number;
}

/** The result of a training. */
export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** The epoch that is kept, from 1: `bestEpoch` of the history, or the last with `keepLast`. */
  readonly bestEpoch: number;
  /** Weights and moving averages of that epoch. */
  readonly best: Checkpoint["best"];
  readonly standardisation: Standardisation;
  /** With two heads: what the logit adjustment takes off their logits [2 × classes]. */
  readonly savedAdjustment: Float32Array | undefined;
}

/** Interval of the progress reports, in ms; the loss is read only then. */
const PROGRESS_INTERVAL = 400;

/**
 * Trains the network, or resumes from the checkpoint in the run folder. On the same machine with the
 * same number of threads, the result is the same bit for bit, also after a resume.
 *
 * Each epoch uses the training images in a new random order. If the last
 * images of this order do not fill a whole batch, they are left out; they are different in each epoch.
 *
 * @throws {MienError} `diverged` if the loss is not finite, `interrupted` if the signal fires,
 * `bad-data` if a split is empty, `mismatch` if the initial weights are of another network, and the errors of `loadCheckpoint` and `saveCheckpoint`.
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { set, config, seed, folder, inputs, signal, start, sources = {} } = options;
  const kept = (history: readonly EpochRecord[]) =>
    options.keepLast === true ? history.length : bestEpoch(history);
  const split = checkSplit(options.split);
  const checkpoint = await loadCheckpoint(folder, inputs);
  const history = [...(checkpoint?.history ?? [])];
  let best = checkpoint?.best ?? {};

  const trainer = createTrainer({ set, train: split.train, config, seed, sources, start });
  const { train, batchSize, stepsPerEpoch } = trainer;
  const validation = split.validation.filter((position) => trainer.usable[position] === 1);
  const stored = storedVariables(trainer);

  try {
    if (validation.length === 0) {
      throw new MienError(
        "bad-data",
        "according to the votes, no image of the validation split shows a face",
        {
          advice: "With a --vote-share below 1, such images keep their label.",
        },
      );
    }
    if (checkpoint) {
      loadState(stored, checkpoint.state);
      await writeHistory(folder, history);
    }
    options.onStart?.({
      train: { used: train.length, all: split.train.length },
      validation: { used: validation.length, all: split.validation.length },
      epochs: history.length,
    });
    for (let epoch = history.length + 1; epoch <= config.epochs; epoch++) {
      const start = performance.now();
      const order = shuffle(Int32Array.from(train), random(seed, "shuffle", epoch));
      trainer.meter.reset();
      let lastReport = start;

      for (let i = 0; i < stepsPerEpoch; i++) {
        const batch = order.slice(i * batchSize, (i + 1) * batchSize);
        trainStep(trainer, batch, (epoch - 1) * stepsPerEpoch + i);

        const now = performance.now();
        if (now - lastReport < PROGRESS_INTERVAL) continue;
        lastReport = now;
        const images = (i + 1) * batchSize;
        const loss = trainer.meter.read().loss / images;
        checkFinite(loss, epoch, folder);
        const imagesPerSecond = images / ((now - start) / 1000);
        const left = (config.epochs - epoch + 1) * stepsPerEpoch * batchSize - images;
        const total = stepsPerEpoch * batchSize;
        const secondsLeft = left / imagesPerSecond;
        options.onProgress?.({ epoch, images, total, imagesPerSecond, secondsLeft, loss });
        // Native operations block the event loop; this lets signals and timers run.
        await new Promise(setImmediate);
        if (signal?.aborted) throw interrupted(epoch, config.epochs, folder);
      }

      const seconds = (performance.now() - start) / 1000;
      const images = stepsPerEpoch * batchSize;
      const { loss, correct } = trainer.meter.read();
      const scores = inferenceScores(trainer, validation);
      for (const value of [loss, scores.loss]) checkFinite(value, epoch, folder);
      const record: EpochRecord = {
        epoch,
        step: epoch * stepsPerEpoch,
        trainLoss: loss / images,
        trainAccuracy: correct / images,
        validationLoss: scores.loss,
        validationAccuracy: scores.accuracy,
        ...(scores.byTruth && criterionOf(scores.byTruth)),
        learningRate: learningRateAt(
          epoch * stepsPerEpoch - 1,
          config.epochs * stepsPerEpoch,
          config,
        ),
        imagesPerSecond: images / seconds,
        seconds: (performance.now() - start) / 1000,
      };
      history.push(record);
      if (kept(history) === epoch) best = (trainer.average ?? trainer.network).state();
      const state = stateOf(stored);
      // ReLU and pooling can turn NaN into 0, so a finite loss does not rule NaN out.
      for (const { data } of Object.values(state)) checkFinite(sumOf(data), epoch, folder);
      await saveCheckpoint(folder, { history, state, best }, inputs);
      await writeHistory(folder, history);
      options.onEpoch?.(record, history);
      if (signal?.aborted && epoch < config.epochs) {
        throw interrupted(epoch + 1, config.epochs, folder);
      }
    }
  } finally {
    disposeTrainer(trainer);
  }
  const { standardisation, savedAdjustment } = trainer;
  return { history, bestEpoch: kept(history), best, standardisation, savedAdjustment };
}

/** Writes the history as JSON lines; training itself resumes from the copy in the checkpoint. */
async function writeHistory(folder: string, history: readonly EpochRecord[]): Promise<void> {
  const lines = history.map((record) => `${JSON.stringify(record)}\n`);
  await writeFileAtomic(path.join(folder, RUN_FILES.history), lines.join(""));
}

/**
 * Returns the split if it can be trained on.
 *
 * @throws {MienError} `bad-data` if its training or validation images are too few.
 */
export function checkSplit(split: FitOptions["split"]): FitOptions["split"] {
  for (const [name, usage, smallest] of [
    ["train", "Training", 2],
    ["validation", "PublicTest", 1],
  ] as const) {
    if (split[name].length >= smallest) continue;
    if (split.rule !== undefined && split.rule !== "official") {
      throw new MienError(
        "bad-data",
        `expected at least ${smallest} images for ${name === "train" ? "training" : name}, found ${split[name].length}`,
        { advice: "The data set has too few images for this --split." },
      );
    }
    throw new MienError(
      "bad-data",
      `expected at least ${smallest} images whose Usage is ${usage}, found ${split[name].length}`,
      {
        advice:
          "Training needs both splits: Training to train on, PublicTest to choose the best epoch. `--split 70/20/10` of train:fit or data:import divides the images.",
      },
    );
  }
  return split;
}

/** The sum of some values; not finite if any of them is not. */
function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function checkFinite(value: number, epoch: number, folder: string): void {
  if (Number.isFinite(value)) return;
  throw new MienError(
    "diverged",
    `the loss or the weights are no longer finite in epoch ${epoch}`,
    {
      advice:
        "Try a smaller --learning-rate (a tenth), a larger --batch-size, or --normalization batch" +
        (epoch === 1
          ? "."
          : `, with --fresh. The checkpoint of epoch ${epoch - 1} is kept in ${folder}.`),
    },
  );
}

function interrupted(epoch: number, epochs: number, folder: string): MienError {
  return new MienError(
    "interrupted",
    `in epoch ${epoch} of ${epochs}; ${counted(epoch - 1, "whole epoch is", "whole epochs are")} stored in ${folder}`,
    { advice: `Repeat the command to resume with epoch ${epoch}.` },
  );
}
