import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { RUN_FILES, type EpochRecord, type RunConfig, type RunMetrics } from "@mien/format";
import { criterionOf } from "../run/history.ts";
import { evaluatePredictions } from "../score/evaluate-predictions.ts";
import { writePredictions, type EvaluationSplit, type Predictions } from "../score/predictions.ts";
import { voteShareOf } from "../run/training-settings.ts";

/** What distinguishes a synthetic finished run. */
export interface FinishedRun {
  /** The number of images, of 40, that are predicted correctly by the labels: the first ones. */
  readonly right: number;
  /** The number of images that are predicted correctly by the votes; undefined without votes. */
  readonly rightByVotes?: number;
  /** The CSV row of the first image; default 0. */
  readonly rows?: number;
  readonly learningRate?: number;
  /** The splits it was evaluated on; only validation by default. */
  readonly splits?: readonly EvaluationSplit[];
  /** Replaces fields of its configuration. */
  readonly config?: Partial<RunConfig>;
  /** Validation accuracy and loss of each epoch, and its criterion; no epochs by default. */
  readonly epochs?: readonly (readonly [accuracy: number, loss: number, criterion?: number])[];
}

const CLASSES = ["Happy", "<Sad>"];
const IMAGES = 40;

/** Writes a run folder with the files of a finished run, but without a trained model. */
export async function writeFinishedRun(folder: string, about: FinishedRun): Promise<string> {
  const { right, rightByVotes, rows = 0, learningRate = 0.1, splits = ["validation"] } = about;
  const history = (about.epochs ?? []).map(([validationAccuracy, validationLoss, mean], i) => {
    const criterion =
      mean === undefined ? {} : criterionOf({ labels: mean - 0.05, votes: mean + 0.05 });
    const speed = { learningRate, imagesPerSecond: 1, seconds: 1 };
    const train = { step: i + 1, trainLoss: 1, trainAccuracy: 0.5 };
    return { epoch: i + 1, ...train, validationAccuracy, validationLoss, ...criterion, ...speed };
  }) satisfies EpochRecord[];
  await mkdir(path.join(folder, RUN_FILES.model), { recursive: true });
  const predicted = (i: number) => (i < right ? 0 : 1);
  const probabilities = Float32Array.from({ length: 2 * IMAGES }, (_, at) =>
    predicted(at >> 1) === at % 2 ? 0.8 : 0.2,
  );
  const predictions = (split: EvaluationSplit): Predictions => ({
    split,
    classes: CLASSES,
    probabilities,
    averaged: probabilities,
    row: Uint32Array.from({ length: IMAGES }, (_, i) => rows + i),
    labels: new Uint8Array(IMAGES),
    copied: Uint8Array.from({ length: IMAGES }, (_, i) => (i < 4 ? 1 : 0)),
    ...(rightByVotes !== undefined && {
      votes: Int32Array.from({ length: IMAGES }, (_, i) =>
        i < rightByVotes ? predicted(i) : 1 - predicted(i),
      ),
    }),
  });
  for (const split of splits) await writePredictions(folder, predictions(split));
  const config: RunConfig = {
    name: path.basename(folder),
    data: { name: "d", sha256: "0".repeat(64), path: "/home/me/d.csv", licence: "none" },
    classes: CLASSES,
    input: { height: 1, width: 1, channels: 1 },
    split: "official",
    seed: 1,
    hyperparameters: { learningRate, widths: [1, 2] },
    code: "c",
    ...about.config,
  };
  const metricsOn = (split: EvaluationSplit) =>
    evaluatePredictions(predictions(split), 1, voteShareOf(config));
  const metrics: RunMetrics = {
    validation: metricsOn("validation"),
    ...(splits.includes("test") && { test: metricsOn("test") }),
  };
  const calibration = {
    method: "temperature",
    temperature: 1,
    fittedOn: "validation",
    voteShare: voteShareOf(config),
    ece: { before: 0.1, after: 0.1 },
    loss: { before: 1, after: 1 },
  };
  const weights = [
    { name: "conv1/kernel", shape: [3, 3, 1, 4] },
    { name: "conv1_norm/moving_mean", shape: [4] },
    { name: "output/bias", shape: [2] },
  ];
  const files: Record<string, string> = {
    [RUN_FILES.config]: JSON.stringify(config),
    [RUN_FILES.metrics]: JSON.stringify(metrics),
    [RUN_FILES.history]: history.map((record) => `${JSON.stringify(record)}\n`).join(""),
    [RUN_FILES.calibration]: JSON.stringify(calibration),
    [`${RUN_FILES.model}/model.json`]: JSON.stringify({ weightsManifest: [{ weights }] }),
    [`${RUN_FILES.model}/weights.bin`]: `weights of ${path.basename(folder)}`,
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(folder, name), content);
  }
  return folder;
}
