import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import {
  RUN_FILES,
  splitChoiceOf,
  type EpochRecord,
  type RunMetrics,
  type SplitMetrics,
} from "@mien/format";
import { bestEpoch } from "./history.ts";
import type { ListedRun } from "./list-runs.ts";
import type { MlflowPoint, MlflowRun } from "./mlflow-store.ts";
import { inputsKey, inputsOf } from "./run-inputs.ts";

/** The learning curves by MLflow's name of the metric; their steps are the epochs. */
const CURVES: Readonly<Record<string, keyof EpochRecord>> = {
  train_loss: "trainLoss",
  train_accuracy: "trainAccuracy",
  validation_loss: "validationLoss",
  validation_accuracy: "validationAccuracy",
  validation_accuracy_by_labels: "validationAccuracyByLabels",
  validation_accuracy_by_votes: "validationAccuracyByVotes",
  criterion: "criterion",
  learning_rate: "learningRate",
  images_per_second: "imagesPerSecond",
};

/** MLflow's states of a run. */
const STATUS = { finished: "FINISHED", training: "RUNNING", unfinished: "KILLED" } as const;

/** The small files of a run that MLflow shows as its artifacts, besides its PNG pictures. */
const ARTIFACTS = [
  RUN_FILES.config,
  RUN_FILES.history,
  RUN_FILES.metrics,
  RUN_FILES.calibration,
  RUN_FILES.report,
];

/**
 * A run as MLflow shows it: the experiment has the name of the data set; the parameters are the
 * settings; the metrics are the learning curves, and the final metrics with the prefix `final_`.
 */
export function mlflowRunOf(run: ListedRun): MlflowRun {
  const { name, folder, config, state, history, started, lastEpoch, metrics, seconds } = run;
  const { data, votes, corrections, teacher, start, seed, hyperparameters, input } = config;
  const last = { step: bestEpoch(history), time: lastEpoch.getTime() };
  const finals: Readonly<Record<string, unknown>> = {
    parameters: run.parameters,
    training_seconds: seconds,
    ...(metrics && finalMetrics(metrics)),
  };
  return {
    experiment: data.name,
    name,
    key: `${name}\n${inputsKey(inputsOf(config))}`,
    status: STATUS[state],
    start: started.getTime(),
    ...(state !== "training" && { end: last.time }),
    params: {
      ...hyperparameters,
      seed,
      ...splitChoiceOf(config),
      data: data.name,
      data_sha256: data.sha256,
      ...(votes && { votes_sha256: votes.sha256 }),
      ...(corrections && { corrections_sha256: corrections.sha256 }),
      ...(teacher && { teacher_sha256: teacher.sha256 }),
      ...(start && { start_sha256: start.sha256 }),
      input: `${input.height}×${input.width}×${input.channels}`,
    },
    metrics: {
      ...curvesOf(history, last.time),
      ...Object.fromEntries(
        Object.entries(finals).map(([key, value]) => [key, pointsOf([{ ...last, value }])]),
      ),
    },
    tags: {
      "mlflow.source.name": "train:fit",
      "mlflow.source.type": "LOCAL",
      "mien.code": config.code,
      "mien.folder": folder,
      "mien.state": state,
    },
    artifacts: artifactsOf(folder),
  };
}

/** The learning curves. The time of an epoch follows from the end of the last one. */
function curvesOf(history: readonly EpochRecord[], end: number): MlflowRun["metrics"] {
  let time = end;
  const times = history.toReversed().map(({ seconds }) => {
    const ended = time;
    time -= 1000 * (Number(seconds) || 0);
    return ended;
  });
  return Object.fromEntries(
    Object.entries(CURVES).map(([name, key]) => [
      name,
      pointsOf(
        history.map((epoch, i) => {
          return { step: epoch.epoch, time: times.at(-1 - i) ?? end, value: epoch[key] };
        }),
      ),
    ]),
  );
}

/** The points whose value is a number; JSON has null for a number that is not finite. */
function pointsOf(
  points: readonly { readonly step: number; readonly time: number; readonly value: unknown }[],
): MlflowPoint[] {
  return points.flatMap(({ value, ...point }) =>
    typeof value === "number" && Number.isFinite(value) ? [{ ...point, value }] : [],
  );
}

/** The metrics of the finished model by MLflow's names. */
function finalMetrics(metrics: RunMetrics): Record<string, unknown> {
  const ofSplit = (split: string, score: SplitMetrics) => ({
    [`final_${split}_accuracy`]: score.accuracy,
    [`final_${split}_accuracy_low`]: score.accuracyInterval[0],
    [`final_${split}_accuracy_high`]: score.accuracyInterval[1],
    [`final_${split}_macro_f1`]: score.macroF1,
    [`final_${split}_mean_recall`]: score.meanRecall,
    [`final_${split}_loss`]: score.loss,
    [`final_${split}_ece`]: score.ece,
    [`final_${split}_calibrated_ece`]: score.calibrated?.ece,
    [`final_${split}_leak_free_accuracy`]: score.leakFree?.accuracy,
    [`final_${split}_near_leak_free_accuracy`]: score.nearLeakFree?.accuracy,
    [`final_${split}_votes_accuracy`]: score.byVotes?.accuracy,
  });
  return {
    ...ofSplit("validation", metrics.validation),
    ...(metrics.test && ofSplit("test", metrics.test)),
  };
}

function artifactsOf(folder: string): string[] {
  const pictures = readdirSync(folder).filter((name) => name.endsWith(".png"));
  return [...ARTIFACTS, ...pictures]
    .map((name) => path.join(folder, name))
    .filter((file) => existsSync(file));
}
