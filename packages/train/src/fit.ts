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
import { bestEpoch } from "./run/history.ts";
import { loadState, stateOf } from "./network/network.ts";
import { learningRateAt } from "./network/schedule.ts";
import {
  createTrainer,
  disposeTrainer,
  inferenceScores,
  storedVariables,
  trainStep,
} from "./step.ts";
import type { Standardisation } from "./network/standardise.ts";
import type { TargetSources } from "./batch/targets.ts";

/** What to train on, how, and where to keep it. */
export interface FitOptions {
  readonly set: ImageSet;
  /** Positions in the set to learn from and to validate on; the test part is never touched. */
  readonly split: Pick<Split, "train" | "validation">;
  readonly config: TrainConfig;
  /** FER+ votes and a teacher's answers, if the configuration asks for them. */
  readonly sources?: TargetSources;
  readonly seed: number;
  /** The run folder; a checkpoint in it is gone on from. */
  readonly folder: string;
  /** What the run is made from, as text (`inputsKey`); a checkpoint of other inputs is refused. */
  readonly inputs: string;
  /** Stops at the next step with an `interrupted` error; whole epochs are stored by then. */
  readonly signal?: AbortSignal;
  /** Called once, before the first step, with what this training uses. */
  readonly onStart?: (used: UsedImages) => void;
  /** Called a few times a second while an epoch runs. */
  readonly onProgress?: (progress: FitProgress) => void;
  /**
   * Called after each epoch, once it is stored, with all epochs so far; an error thrown here stops
   * the training.
   */
  readonly onEpoch?: (record: EpochRecord, history: readonly EpochRecord[]) => void;
}

/** What a training uses of its parts, after `subset`, `omit` and images without a target. */
export interface UsedImages {
  readonly train: { readonly used: number; readonly all: number };
  readonly validation: { readonly used: number; readonly all: number };
  /** Epochs that are done already: 0 for a new training. */
  readonly epochs: number;
}

/** How far an epoch is. */
export interface FitProgress {
  /** 1 for the first. */
  readonly epoch: number;
  /** Training images of this epoch that are done, and all of them. */
  readonly images: number;
  readonly total: number;
  readonly imagesPerSecond: number;
  /** Of all epochs that are left, at this speed. */
  readonly secondsLeft: number;
  /** Mean cross-entropy of this epoch so far, in nats. */
  readonly loss: number;
}

/** A trained network's values and how it came to them. */
export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** The epoch with the highest validation accuracy, from 1; of equals the one of lowest loss. */
  readonly bestEpoch: number;
  /** Weights and moving averages of that epoch. */
  readonly best: Checkpoint["best"];
  readonly standardisation: Standardisation;
}

/** Progress is reported this often, in milliseconds; the loss is read only then. */
const PROGRESS_INTERVAL = 400;

/**
 * Trains the network, or goes on where the run folder's checkpoint ends; the outcome is the same
 * bit for bit, on the same machine with the same number of threads.
 *
 * Every epoch visits the training images in a new order. Images that fill no whole batch at its
 * end are left out, other ones in each epoch.
 *
 * @throws {MienError} `diverged` if the loss is not finite, `interrupted` on the signal,
 * `bad-data` if a part is empty, and what `loadCheckpoint` and `saveCheckpoint` throw.
 */
export async function fit(options: FitOptions): Promise<FitResult> {
  const { set, config, seed, folder, inputs, signal, sources = {} } = options;
  const split = checkParts(options.split);
  const checkpoint = await loadCheckpoint(folder, inputs);
  const history = [...(checkpoint?.history ?? [])];
  let best = checkpoint?.best ?? {};

  const trainer = createTrainer({ set, train: split.train, config, seed, sources });
  const { train, batchSize, stepsPerEpoch } = trainer;
  const validation = split.validation.filter((position) => trainer.usable[position] === 1);
  const stored = storedVariables(trainer);

  try {
    if (validation.length === 0) {
      throw new MienError("bad-data", "voters call no image of the validation part a face", {
        advice: "With a --vote-share below 1 such images are judged by their label.",
      });
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
        // Lets signals and timers through; native operations block the event loop.
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
        learningRate: learningRateAt(
          epoch * stepsPerEpoch - 1,
          config.epochs * stepsPerEpoch,
          config,
        ),
        imagesPerSecond: images / seconds,
        seconds: (performance.now() - start) / 1000,
      };
      history.push(record);
      if (bestEpoch(history) === epoch) best = (trainer.average ?? trainer.network).state();
      const state = stateOf(stored);
      // Rectifier and pooling can turn NaN into 0, so the loss alone does not show it.
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
  const { standardisation } = trainer;
  return { history, bestEpoch: bestEpoch(history), best, standardisation };
}

/** The checkpoint holds the history too; this is the copy for people, written whole each time. */
async function writeHistory(folder: string, history: readonly EpochRecord[]): Promise<void> {
  const lines = history.map((record) => `${JSON.stringify(record)}\n`);
  await writeFileAtomic(path.join(folder, RUN_FILES.history), lines.join(""));
}

/**
 * Returns what can be trained on.
 *
 * @throws {MienError} `bad-data` if a part has too few images.
 */
export function checkParts(split: FitOptions["split"]): FitOptions["split"] {
  for (const [name, usage, smallest] of [
    ["train", "Training", 2],
    ["validation", "PublicTest", 1],
  ] as const) {
    if (split[name].length >= smallest) continue;
    throw new MienError(
      "bad-data",
      `expected at least ${smallest} images whose Usage is ${usage}, found ${split[name].length}`,
      { advice: "Training needs both parts: one to learn from, one to choose the best epoch by." },
    );
  }
  return split;
}

/** Not finite if any of the values is not. */
function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum;
}

function checkFinite(value: number, epoch: number, folder: string): void {
  if (Number.isFinite(value)) return;
  throw new MienError("diverged", `the numbers are not finite any more, in epoch ${epoch}`, {
    advice:
      "Try a smaller --learning-rate (a tenth), a larger --batch-size, or --normalization batch" +
      (epoch === 1
        ? "."
        : `, with --fresh. What was good until epoch ${epoch - 1} stays in ${folder}.`),
  });
}

function interrupted(epoch: number, epochs: number, folder: string): MienError {
  return new MienError(
    "interrupted",
    `in epoch ${epoch} of ${epochs}; ${counted(epoch - 1, "whole epoch is", "whole epochs are")} stored in ${folder}`,
    { advice: `Repeat the command to go on with epoch ${epoch}.` },
  );
}
