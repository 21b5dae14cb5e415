import { existsSync } from "node:fs";
import path from "node:path";
import { readRunConfig, writeFileAtomic, writeJson } from "@mien/cli";
import { findPictures, runImages, type Pictures, type Votes } from "@mien/data";
import {
  MienError,
  RUN_FILES,
  type Calibration,
  type ImageSet,
  type RunConfig,
  type RunMetrics,
  type Split,
  type SplitMetrics,
} from "@mien/format";
import { tenViews, viewAt, type View } from "./batch/test-time-augmentation.ts";
import { openTrainedModel, pixelsAt, type TrainedModel } from "./network/trained-model.ts";
import { drawConfusionMatrix } from "./report/confusion-matrix.ts";
import { drawRankingCurves } from "./report/ranking-charts.ts";
import { writeReport } from "./report/run-page.ts";
import { trainingCode } from "./run/run-inputs.ts";
import { readRunMetrics } from "./run/run-metrics.ts";
import {
  readTestSetAccesses,
  recordTestSetAccess,
  TEST_SET_ACCESS_FILE,
  weightsHash,
} from "./run/test-set-access.ts";
import { voteShareOf } from "./run/training-settings.ts";
import { calibrate } from "./score/calibration.ts";
import { evaluatePredictions } from "./score/evaluate-predictions.ts";
import {
  groundTruthOf,
  predictionsFile,
  readPredictions,
  writePredictions,
  type EvaluationSplit,
  type Predictions,
} from "./score/predictions.ts";

/** Number of images per chunk, so that memory never holds the pixels of a large split as floats. */
const CHUNK = 1024;

/** Options for predicting images. */
interface PredictOptions {
  /**
   * Whether to average over ten views as well (test-time augmentation); this takes ten times as
   * long.
   */
  readonly averaging: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk with the number of predicted views of images, and their total. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * The probabilities that a model predicts for some images of a set.
 *
 * @param positions of the N images in the set.
 * @returns probabilities [N, classes]; with averaging, also their means over ten views.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function predictImages(
  model: Pick<TrainedModel, "classes" | "predict">,
  { set, positions }: { readonly set: ImageSet; readonly positions: Uint32Array },
  { averaging, signal, onProgress }: PredictOptions,
): Promise<Pick<Predictions, "probabilities" | "averaged">> {
  const [, ...others] = averaging ? tenViews(set) : [];
  const views = 1 + others.length;
  let done = 0;
  const predict = async (pixelsOf: (chunk: Uint32Array) => Float32Array) => {
    const probabilities = new Float32Array(positions.length * model.classes.length);
    for (let at = 0; at < positions.length; at += CHUNK) {
      if (signal?.aborted) throw new MienError("interrupted", "nothing was written");
      const chunk = positions.subarray(at, at + CHUNK);
      const predicted = await model.predict(pixelsOf(chunk), chunk.length);
      probabilities.set(predicted, at * model.classes.length);
      done += chunk.length;
      onProgress?.(done, positions.length * views);
    }
    return probabilities;
  };
  const probabilities = await predict((chunk) => pixelsAt(set, chunk));
  const sum = Float64Array.from(probabilities);
  const predictView = (view: View) => predict((chunk) => viewAt(set, chunk, view));
  for (const view of others) (await predictView(view)).forEach((p, i) => (sum[i]! += p));
  return {
    probabilities,
    ...(averaging && { averaged: Float32Array.from(sum, (p) => p / views) }),
  };
}

/**
 * The predictions of a model on a split, with the ground truth.
 *
 * @param from.splits the split of the set into training, validation and test.
 * @param from.split the name of the split to predict.
 * @throws {MienError} `interrupted` if the signal fires.
 */
export async function predictSplit(
  model: TrainedModel,
  from: {
    readonly set: ImageSet;
    readonly splits: Pick<Split, "train" | EvaluationSplit>;
    readonly split: EvaluationSplit;
    readonly votes?: Votes | undefined;
    readonly pictures?: Pictures | undefined;
  },
  options: PredictOptions,
): Promise<Predictions> {
  const { set, splits, split, votes, pictures } = from;
  const positions = splits[split];
  const { probabilities, averaged } = await predictImages(model, { set, positions }, options);
  return {
    split,
    classes: model.classes,
    probabilities,
    ...groundTruthOf(set, positions, { training: splits.train, votes, pictures }),
    ...(averaged && { averaged }),
  };
}

/** The temperature for the validation predictions of a run, fitted to the targets of its training. */
export function calibrateRun(
  { probabilities, classes, labels, votes }: Predictions,
  hyperparameters: RunConfig["hyperparameters"],
): Calibration {
  const voteShare = voteShareOf({ hyperparameters });
  return calibrate(probabilities, classes.length, { own: labels, votes, voteShare });
}

/** The plots of an evaluation on a split as PNG, by file name. */
export function drawEvaluation(
  predictions: Predictions,
  metrics: SplitMetrics,
): Record<string, Buffer> {
  const { split, classes } = predictions;
  return {
    [`confusion-${split}.png`]: drawConfusionMatrix(metrics, classes, split),
    [`roc-${split}.png`]: drawRankingCurves(predictions, "roc"),
    [`precision-recall-${split}.png`]: drawRankingCurves(predictions, "precisionRecall"),
  };
}

/**
 * Evaluates a finished run on the validation split and on request on the test split. Writes
 * metrics, calibration, predictions, plots and the report into the run folder.
 *
 * Each test-set access adds a line to `openings.jsonl`. If the present weights were evaluated on
 * the test split before, its metrics are computed again from the stored predictions.
 *
 * @param data the data set that the run was trained on, with all its classes.
 * @throws {MienError} `mismatch` if the data or the votes differ from those of the training,
 * `missing-file` if the run was trained on votes and none are given, `bad-data` if a split is
 * empty, `interrupted` if the signal fires, and the errors of `readRunMetrics` and `openTrainedModel`.
 */
export async function evaluateRun(
  folder: string,
  data: { readonly set: ImageSet; readonly sha256: string; readonly path: string },
  options: {
    /** Whether to evaluate on the test split too. */
    readonly final: boolean;
    readonly votes?: Votes | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: (split: EvaluationSplit, done: number, total: number) => void;
  },
): Promise<{ metrics: RunMetrics; calibration: Calibration; written: string[] }> {
  const config = await readRunConfig(folder);
  if (data.sha256 !== config.data.sha256) {
    throw new MienError(
      "mismatch",
      `${folder} was trained on data with SHA-256 ${config.data.sha256.slice(0, 12)}…, ${data.path} has ${data.sha256.slice(0, 12)}…`,
      { advice: `Give the data that it was trained on: --csv ${config.data.path}` },
    );
  }
  requireVotes(folder, config, options.votes);
  const { signal, final } = options;
  const { set, split: splits, ...images } = await runImages(data.set, config);
  const votes = options.votes && images.votes(options.votes);
  const names = final ? (["validation", "test"] as const) : (["validation"] as const);
  for (const split of names) {
    if (splits[split].length > 0) continue;
    throw new MienError("bad-data", `${data.path} has no images in its ${split} split`);
  }
  // Read before predicting, so that an error is thrown before a test-set access.
  const before = await readRunMetrics(folder);
  const pictures = await findPictures(set);
  const model = await openTrainedModel(folder);
  const written: string[] = [];
  const predict = (split: EvaluationSplit) =>
    predictSplit(
      model,
      { set, splits, split, votes, pictures },
      {
        averaging: true,
        signal,
        onProgress: (done, total) => options.onProgress?.(split, done, total),
      },
    );
  try {
    const validation = await predict("validation");
    const calibration = calibrateRun(validation, config.hyperparameters);
    const all = [validation];
    if (final) all.push(await predict("test"));
    else if (await hasTestPredictions(folder)) all.push(await readPredictions(folder, "test"));
    let metrics = before;
    for (const predictions of all) {
      const { split } = predictions;
      const scores = evaluatePredictions(predictions, calibration.temperature, voteShareOf(config));
      metrics = { ...metrics, [split]: scores };
      // Written before the access is recorded, so that the metrics are not lost if the process is killed.
      written.push(await writePredictions(folder, predictions));
      if (split === "test" && final) {
        const code = await trainingCode();
        await recordTestSetAccess(folder, { run: config.name, code, metrics: scores });
        written.push(path.join(folder, TEST_SET_ACCESS_FILE));
      }
      for (const [name, png] of Object.entries(drawEvaluation(predictions, scores))) {
        await writeFileAtomic(path.join(folder, name), png);
        written.push(path.join(folder, name));
      }
    }
    const files = {
      calibration: path.join(folder, RUN_FILES.calibration),
      metrics: path.join(folder, RUN_FILES.metrics),
    };
    await writeJson(files.calibration, calibration);
    await writeJson(files.metrics, metrics);
    written.push(files.calibration, files.metrics, await writeReport(folder, set, { model }));
    return { metrics, calibration, written };
  } finally {
    model.dispose();
  }
}

/** Checks that a run that was trained on votes is calibrated and evaluated by the same votes. */
function requireVotes(folder: string, config: RunConfig, votes: Votes | undefined): void {
  const { votes: trained } = config;
  if (trained === undefined || votes?.sha256 === trained.sha256) return;
  const advice = `Name the votes that it was trained on: --ferplus ${trained.path}`;
  if (votes === undefined) {
    throw new MienError("missing-file", `${folder} was trained on FER+ votes; none are found`, {
      advice,
    });
  }
  throw new MienError(
    "mismatch",
    `${folder} was trained on votes with SHA-256 ${trained.sha256.slice(0, 12)}…, ${votes.path} has ${votes.sha256.slice(0, 12)}…`,
    { advice },
  );
}

/** Whether the present weights of a run were evaluated on the test split, with stored predictions. */
async function hasTestPredictions(folder: string): Promise<boolean> {
  if (!existsSync(predictionsFile(folder, "test"))) return false;
  const weights = await weightsHash(folder);
  return (await readTestSetAccesses(folder)).some((access) => access.weights === weights);
}
