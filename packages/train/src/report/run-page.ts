import { existsSync } from "node:fs";
import path from "node:path";
import { counted, readRunConfig, writeFileAtomic } from "@mien/cli";
import { describeSplit } from "@mien/data";
import {
  RUN_FILES,
  type Calibration,
  type EpochRecord,
  type ImageSet,
  type SplitMetrics,
  type RunConfig,
  type RunMetrics,
} from "@mien/format";
import { escapeHtml, htmlTile } from "@mien/plot";
import { applyTemperature, labelledRows, readCalibration } from "../score/calibration.ts";
import type { TrainedModel } from "../network/trained-model.ts";
import { readHistory } from "../run/history.ts";
import { calibrationBins } from "../score/calibration-error.ts";
import { percent } from "./numbers.ts";
import { readTestSetAccesses, type TestSetAccess } from "../run/test-set-access.ts";
import { occlusionMaps } from "../score/occlusion.ts";
import { predictionsFile, readPredictions, type Predictions } from "../score/predictions.ts";
import { readRunMetrics } from "../run/run-metrics.ts";
import {
  describeTarget,
  describeTrainingImages,
  hasOfficialSplit,
  useOfValidation,
  voteShareOf,
} from "../run/training-settings.ts";
import { confusionTable } from "./confusion-matrix.ts";
import { reliabilityDiagram } from "./reliability-diagram.ts";
import { learningCurves } from "./learning-curves.ts";
import { definitions, page } from "./page-frame.ts";
import { misclassifiedGallery, mostConfidentErrors } from "./misclassified-images.ts";
import { rankingSection } from "./ranking-charts.ts";
import { classTable, scoreTable } from "./score-tables.ts";

/** Number of misclassified images on the page. */
const SHOWN_ERRORS = 24;

/** The content of the report of a run. */
interface ReportContent {
  readonly config: RunConfig;
  readonly history: readonly EpochRecord[];
  readonly metrics: RunMetrics;
  readonly calibration: Calibration | undefined;
  /** On the validation split. */
  readonly predictions: Predictions;
  /** On the test split; undefined if they are not stored or not in the metrics. */
  readonly testPredictions: Predictions | undefined;
  readonly errors: Parameters<typeof misclassifiedGallery>[2];
  /** Every test-set access of the run, oldest first. */
  readonly accesses: readonly TestSetAccess[];
  readonly set: ImageSet;
}

/**
 * Writes the report of a run into its folder: one HTML page without further files.
 *
 * @param set the data set that the run was trained on.
 * @param given.metrics the metrics of the run; default: the content of its `metrics.json`.
 * @param given.model the model of the run, which predicts the occlusion maps of misclassified
 *   images; without it, the page has no occlusion maps.
 * @returns the path of the page.
 */
export async function writeReport(
  folder: string,
  set: ImageSet,
  given: {
    readonly metrics?: RunMetrics;
    readonly model?: Pick<TrainedModel, "predict" | "classes">;
  } = {},
): Promise<string> {
  const file = path.join(folder, RUN_FILES.report);
  const metrics = given.metrics ?? (await readRunMetrics(folder));
  const predictions = await readPredictions(folder, "validation");
  const hasTest = metrics.test !== undefined && existsSync(predictionsFile(folder, "test"));
  const errors = mostConfidentErrors(set, predictions, SHOWN_ERRORS);
  const maps = given.model && (await occlusionMaps(given.model, set, errors));
  const content: ReportContent = {
    config: await readRunConfig(folder),
    history: await readHistory(folder),
    metrics,
    calibration: await readCalibration(folder),
    predictions,
    testPredictions: hasTest ? await readPredictions(folder, "test") : undefined,
    errors: errors.map((error, i) => ({ ...error, occlusion: maps?.[i] })),
    accesses: await readTestSetAccesses(folder),
    set,
  };
  await writeFileAtomic(file, renderReport(content));
  return file;
}

function renderReport(content: ReportContent): string {
  const { config, history, metrics, predictions, testPredictions, accesses, set } = content;
  const { validation, test } = metrics;
  const title = `${config.name} · training run`;
  const input = `${config.input.width}×${config.input.height} ${config.input.channels === 1 ? "grey" : "RGB"}`;
  return page(
    title,
    `<header><p class="kind">training run</p><h1>${escapeHtml(config.name)}</h1>
<p>${counted(config.classes.length, "expression")} from ${input} images of ${escapeHtml(config.data.name)}, ${counted(history.length, "epoch")}</p></header>
${tiles(content)}
<section><h2>Scores</h2>
<p>${escapeHtml(describeTrainingImages(config))} ${hasOfficialSplit(config) ? "PublicTest is the validation split. " : ""}${useOfValidation(config)}; a run does not record how its settings were chosen. ${
      test
        ? "PrivateTest is the test split."
        : accesses.length > 0
          ? `This run was evaluated on PrivateTest, the test split, ${counted(accesses.length, "time")}, but the figures are not in its metrics.`
          : "This run was not evaluated on PrivateTest, the test split."
    }</p>
${scoreTable({ validation, test })}
<p>Top-2 is the share of images whose label is among the two most probable classes. ECE is the expected calibration error.</p>
</section>
${history.length > 0 ? learningCurves(config, history) : ""}
<section><h2>Confusion</h2>
<p>Each row is a class by label. A cell shows the share of its images that are predicted as the class of the column, and below it their number.</p>
<h3>validation</h3>
${confusionTable(validation.confusion, config.classes)}
${test ? `<h3>test</h3>${confusionTable(test.confusion, config.classes)}` : ""}
</section>
<section><h2>Class by class on validation</h2>
<p>Recall: the share of the images of a class that are predicted as it. Precision: the share of the predictions of a class that are correct.</p>
${classTable(validation, config.classes)}
</section>
${rankingSection([predictions, ...(testPredictions ? [testPredictions] : [])])}
${calibrationSection(content)}
<section><h2>Most confident errors on validation</h2>
<p>The misclassified validation images with the highest probability of the predicted class${
      predictions.votes ? ", with label and FER+ votes" : ""
    }. Some labels are wrong themselves.</p>
${misclassifiedGallery(set, predictions, content.errors)}
</section>
${originSection(content)}`,
  );
}

function tiles({ config, metrics, accesses }: ReportContent): string {
  const [split, score] = metrics.test ? ["test", metrics.test] : ["validation", metrics.validation];
  const { byVotes, averaged, mixed } = score;
  const [low, high] = score.accuracyInterval.map((bound) => percent(bound, 1));
  const all = [
    htmlTile(`accuracy by labels, ${split}`, percent(score.accuracy), `${low} to ${high}`),
    htmlTile(
      "mean recall by labels",
      percent(score.meanRecall),
      `macro-F1 ${percent(score.macroF1, 1)}`,
    ),
    ...(score.top2Accuracy !== undefined && config.classes.length > 2
      ? [
          htmlTile(
            "top-2 accuracy by labels",
            percent(score.top2Accuracy),
            "label among the two most probable",
          ),
        ]
      : []),
    ...(averaged
      ? [
          htmlTile(
            "accuracy by labels, ten views",
            percent(averaged.accuracy),
            "mirror and crops averaged",
          ),
        ]
      : []),
    ...(byVotes
      ? [
          htmlTile(
            "accuracy by FER+ votes",
            percent(byVotes.accuracy),
            `of ${counted(byVotes.images, "image")}`,
          ),
        ]
      : []),
    ...calibrationTile("labels", score.ece, score.calibrated?.ece),
    ...(byVotes && voteShareOf(config) > 0
      ? calibrationTile("FER+ votes", byVotes.ece, byVotes.calibrated?.ece)
      : []),
    ...calibrationTile("both together", mixed?.ece, mixed?.calibratedEce),
  ];
  const warning =
    accesses.length > 1
      ? `<p><b>There were ${accesses.length} test-set accesses for this run: its figures on PrivateTest are no longer an independent test.</b></p>`
      : "";
  return `<div class="tiles">${all.join("\n")}</div>${warning}`;
}

function calibrationTile(by: string, before?: number, after?: number): string[] {
  if (after === undefined) return [];
  const note = `${percent(before, 1)} before`;
  return [htmlTile(`calibration error by ${by}`, percent(after, 1), note)];
}

function calibrationSection({ calibration, metrics, predictions }: ReportContent): string {
  if (calibration === undefined) return "";
  const classes = predictions.classes.length;
  const chart = (title: string, truth: ArrayLike<number>) => {
    const { probabilities, labels } = labelledRows(predictions.probabilities, truth, classes);
    const calibrated = applyTemperature(probabilities, classes, calibration.temperature);
    const bins = (of: Float32Array) => calibrationBins(of, labels, classes);
    return reliabilityDiagram({ title, before: bins(probabilities), after: bins(calibrated) });
  };
  const { validation } = metrics;
  const { byVotes, mixed } = validation;
  const { temperature, voteShare } = calibration;
  const target = describeTarget(voteShare);
  const change = (by: string, { ece, loss, calibrated }: SplitMetrics) =>
    `By ${by}, the expected calibration error goes from ${percent(ece, 1)} to ${percent(calibrated?.ece, 1)} and the loss from ${loss.toFixed(4)} to ${calibrated?.loss.toFixed(4) ?? "–"}.`;
  const changes = [
    change("labels", validation),
    ...(byVotes ? [change("FER+ votes", byVotes)] : []),
    ...(mixed
      ? [
          `By ${target}, the error goes from ${percent(mixed.ece, 1)} to ${percent(mixed.calibratedEce, 1)}.`,
        ]
      : []),
  ];
  return `<section><h2>Calibration on validation</h2>
<p>One temperature, ${temperature.toFixed(3)}, fitted to ${target}, makes probabilities agree with accuracy. The dashed line is perfect calibration: of the predictions with a probability of 70 %, 70 % are correct. ${changes.join(" ")} The temperature does not change any prediction.</p>
<div class="pair">${chart("By the labels", predictions.labels)}
${predictions.votes ? chart("By the FER+ votes", predictions.votes) : ""}</div></section>`;
}

function originSection({ config, accesses }: ReportContent): string {
  const { data, hyperparameters, seed, code } = config;
  const settings = Object.entries(hyperparameters).map(
    ([name, value]) =>
      [name, escapeHtml(Array.isArray(value) ? value.join(", ") : String(value))] as const,
  );
  return `<section><h2>Inputs of the run</h2>
<h3>Data</h3>
${definitions([
  ["data set", escapeHtml(data.name)],
  ["file", `<code>${escapeHtml(data.path)}</code>`],
  ["SHA-256", `<code>${data.sha256}</code>`],
  ["licence", escapeHtml(data.licence)],
  ["split", describeSplit(config)],
  ...(data.skippedRows ? [["invalid rows left out", String(data.skippedRows)] as const] : []),
])}
<h3>Settings</h3>
${definitions([["seed", String(seed)], ...settings, ["code", `<code>${escapeHtml(code)}</code>`]])}
${
  accesses.length > 0
    ? `<h3>Test-set accesses</h3>${definitions(accesses.map(({ time, accuracy }) => [time, percent(accuracy)] as const))}`
    : ""
}</section>`;
}
