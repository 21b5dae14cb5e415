import { existsSync } from "node:fs";
import path from "node:path";
import { readRunConfig, writeFileAtomic, writeJson } from "@mien/cli";
import type { Votes } from "@mien/data";
import {
  MienError,
  officialSplit,
  RUN_FILES,
  type Calibration,
  type ImageSet,
  type RunConfig,
  type RunMetrics,
  type Split,
} from "@mien/format";
import { calibrate } from "./score/calibration.ts";
import { judge } from "./score/evaluate-predictions.ts";
import { OPENINGS_FILE, readOpenings, recordOpening, weightsHash } from "./run/test-set-access.ts";
import { writeReport } from "./report/run-page.ts";
import { drawConfusion } from "./report/plots.ts";
import {
  answersOf,
  predictionsFile,
  readPredictions,
  writePredictions,
  type MeasuredPart,
  type Predictions,
} from "./score/predictions.ts";
import { readRunMetrics, trainingCode } from "./run/run.ts";
import { voteShareOf } from "./score/target-of.ts";
import { openTrainedModel, type TrainedModel } from "./network/trained-model.ts";
import { tenViews, viewAt, type View } from "./batch/views.ts";

/** In chunks, so that the pixels of a large part are never all in memory as floats. */
const CHUNK = 1024;

/** What a part is measured with. */
export interface MeasureOptions {
  readonly split: Pick<Split, "train" | MeasuredPart>;
  readonly votes?: Votes | undefined;
  /** Whether to average over mirror images and crops too, which takes ten times as long. */
  readonly averaging: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((images: number, total: number) => void) | undefined;
}

/**
 * Lets a model answer the images of a part.
 *
 * @throws {MienError} `interrupted` on the signal.
 */
export async function predictPart(
  model: TrainedModel,
  set: ImageSet,
  part: MeasuredPart,
  options: MeasureOptions,
): Promise<Predictions> {
  const { split, votes, averaging, signal, onProgress } = options;
  const positions = split[part];
  const views = averaging ? tenViews(set) : tenViews(set).slice(0, 1);
  let done = 0;
  const predict = async (view: View) => {
    const probabilities = new Float32Array(positions.length * model.classes.length);
    for (let at = 0; at < positions.length; at += CHUNK) {
      if (signal?.aborted) throw new MienError("interrupted", "nothing was written");
      const some = positions.subarray(at, at + CHUNK);
      const answers = await model.predict(viewAt(set, some, view), some.length);
      probabilities.set(answers, at * model.classes.length);
      done += some.length;
      onProgress?.(done, positions.length * views.length);
    }
    return probabilities;
  };
  const probabilities = await predict(views[0] as View);
  const sum = Float64Array.from(probabilities);
  for (const view of views.slice(1)) (await predict(view)).forEach((p, i) => (sum[i]! += p));
  return {
    part,
    classes: model.classes,
    probabilities,
    ...answersOf(set, positions, { training: split.train, votes }),
    ...(averaging && { averaged: Float32Array.from(sum, (p) => p / views.length) }),
  };
}

/** The temperature for a run's validation predictions, fitted to what the run was trained for. */
export function calibrateRun(
  { probabilities, classes, labels, votes }: Predictions,
  hyperparameters: RunConfig["hyperparameters"],
): Calibration {
  const voteShare = voteShareOf({ hyperparameters });
  return calibrate(probabilities, classes.length, { own: labels, votes, voteShare });
}

/**
 * Evaluates a finished run on its validation part and, if asked, on its test part, and writes
 * metrics, calibration, predictions, confusion matrices and the report into the run folder. Each
 * opening of the test part leaves a line in `openings.jsonl`; a part that was opened before is
 * judged again by what was answered then.
 *
 * @param data the data set that the run was trained on.
 * @throws {MienError} `mismatch` if the data or the votes are others, `missing-file` if the run
 * learnt votes and there are none, `bad-data` if a part is empty,
 * `interrupted` on the signal, and what `readRunMetrics` and `openTrainedModel` throw.
 */
export async function evaluateRun(
  folder: string,
  data: { readonly set: ImageSet; readonly sha256: string; readonly path: string },
  options: Omit<MeasureOptions, "split" | "averaging" | "onProgress"> & {
    /** Whether to open the test part. */
    readonly final: boolean;
    readonly onProgress?: (part: MeasuredPart, images: number, total: number) => void;
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
  const split = officialSplit(data.set);
  const parts = options.final ? (["validation", "test"] as const) : (["validation"] as const);
  for (const part of parts) {
    if (split[part].length > 0) continue;
    throw new MienError("bad-data", `${data.path} has no images in its ${part} part`);
  }
  // Before anything is measured: a test part that is opened in vain is opened all the same.
  const before = await readRunMetrics(folder);
  const model = await openTrainedModel(folder);
  const written: string[] = [];
  const measured: Predictions[] = [];
  try {
    for (const part of parts) {
      const { votes, signal } = options;
      const onProgress = (images: number, total: number) =>
        options.onProgress?.(part, images, total);
      const measuring = { split, votes, averaging: true, signal, onProgress };
      measured.push(await predictPart(model, data.set, part, measuring));
    }
  } finally {
    model.dispose();
  }
  const calibration = calibrateRun(measured[0] as Predictions, config.hyperparameters);
  if (!options.final && (await wasOpened(folder))) {
    measured.push(await readPredictions(folder, "test"));
  }
  let metrics = before;
  for (const predictions of measured) {
    const { part } = predictions;
    const scores = judge(predictions, calibration.temperature, voteShareOf(config));
    metrics = { ...metrics, [part]: scores };
    // First of all, so that the figures can be had again if this is killed after the opening.
    written.push(await writePredictions(folder, predictions));
    if (part === "test" && options.final) {
      const code = await trainingCode();
      await recordOpening(folder, { run: config.name, code, metrics: scores });
      written.push(path.join(folder, OPENINGS_FILE));
    }
    const confusion = path.join(folder, `confusion-${part}.png`);
    await writeFileAtomic(confusion, drawConfusion(scores, config.classes, part));
    written.push(confusion);
  }
  const files = {
    calibration: path.join(folder, RUN_FILES.calibration),
    metrics: path.join(folder, RUN_FILES.metrics),
  };
  await writeJson(files.calibration, calibration);
  await writeJson(files.metrics, metrics);
  written.push(files.calibration, files.metrics, await writeReport(folder, data.set));
  return { metrics, calibration, written };
}

/** A run that learnt votes is calibrated and judged by the same ones. */
function requireVotes(folder: string, config: RunConfig, votes: Votes | undefined): void {
  const { votes: learnt } = config;
  if (learnt === undefined || votes?.sha256 === learnt.sha256) return;
  const advice = `Name the votes that it was trained on: --ferplus ${learnt.path}`;
  if (votes === undefined) {
    throw new MienError("missing-file", `${folder} was trained on FER+ votes; none are found`, {
      advice,
    });
  }
  throw new MienError(
    "mismatch",
    `${folder} was trained on votes with SHA-256 ${learnt.sha256.slice(0, 12)}…, ${votes.path} has ${votes.sha256.slice(0, 12)}…`,
    { advice },
  );
}

/** Whether the test part was opened for a run's present weights, and what it answered is stored. */
async function wasOpened(folder: string): Promise<boolean> {
  if (!existsSync(predictionsFile(folder, "test"))) return false;
  const weights = await weightsHash(folder);
  return (await readOpenings(folder)).some((opening) => opening.weights === weights);
}
