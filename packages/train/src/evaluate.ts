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
import { calibrate } from "./calibration.ts";
import { judge } from "./judge.ts";
import { OPENINGS_FILE, recordOpening } from "./openings.ts";
import { writeReport } from "./page/report.ts";
import { drawConfusion } from "./plots.ts";
import { answersOf, writePredictions, type MeasuredPart, type Predictions } from "./predictions.ts";
import { readRunMetrics, trainingCode } from "./run.ts";
import { openTrainedModel, type TrainedModel } from "./trained-model.ts";
import { tenViews, viewAt, type View } from "./views.ts";

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
      if (signal?.aborted) throw new MienError("interrupted", "nothing was measured or written");
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
  const voteShare = Number(hyperparameters["voteShare"] ?? 0);
  return calibrate(probabilities, classes.length, { own: labels, votes, voteShare });
}

/**
 * Evaluates a finished run on its validation part and, if asked, on its test part, and writes
 * metrics, calibration, predictions, confusion matrices and the report into the run folder. Each
 * opening of the test part leaves a line in `openings.jsonl`.
 *
 * @param data the data set that the run was trained on.
 * @throws {MienError} `mismatch` if the data is another one, `bad-data` if a part is empty,
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
  let metrics = before;
  let calibration: Calibration | undefined;
  try {
    for (const part of parts) {
      const { votes, signal } = options;
      const onProgress = (images: number, total: number) =>
        options.onProgress?.(part, images, total);
      const measuring = { split, votes, averaging: true, signal, onProgress };
      const predictions = await predictPart(model, data.set, part, measuring);
      calibration ??= calibrateRun(predictions, config.hyperparameters);
      const scores = judge(predictions, calibration.temperature);
      metrics = { ...metrics, [part]: scores };
      if (part === "test") {
        await recordOpening(folder, {
          run: config.name,
          code: await trainingCode(),
          metrics: scores,
        });
        written.push(path.join(folder, OPENINGS_FILE));
      }
      written.push(await writePredictions(folder, predictions));
      const confusion = path.join(folder, `confusion-${part}.png`);
      await writeFileAtomic(confusion, drawConfusion(scores, config.classes, part));
      written.push(confusion);
    }
  } finally {
    model.dispose();
  }
  const files = {
    calibration: path.join(folder, RUN_FILES.calibration),
    metrics: path.join(folder, RUN_FILES.metrics),
  };
  await writeJson(files.calibration, calibration);
  await writeJson(files.metrics, metrics);
  written.push(files.calibration, files.metrics, await writeReport(folder, data.set));
  return { metrics, calibration: calibration as Calibration, written };
}
