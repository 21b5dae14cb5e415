import path from "node:path";
import { readRunConfig, writeFileAtomic } from "@mien/cli";
import {
  RUN_FILES,
  type Calibration,
  type EpochRecord,
  type ImageSet,
  type RunConfig,
  type RunMetrics,
} from "@mien/format";
import { escapeHtml, htmlTile } from "@mien/plot";
import { applyTemperature, onlyLabelled, readCalibration } from "../calibration.ts";
import { readHistory } from "../history.ts";
import { reliability } from "../metrics.ts";
import { readOpenings, type Opening } from "../openings.ts";
import { readPredictions, type Predictions } from "../predictions.ts";
import { readRunMetrics } from "../run.ts";
import { lineChart, reliabilityChart } from "./charts.ts";
import { count, definitions, page, percent } from "./html.ts";
import { mistakeGallery, worstMistakes } from "./mistakes.ts";
import { classTable, confusionTable, scoreTable } from "./score-tables.ts";

/** Wrong answers that are shown. */
const MISTAKES = 24;

/** Everything that the report of a run shows. */
interface Shown {
  readonly config: RunConfig;
  readonly history: readonly EpochRecord[];
  readonly metrics: RunMetrics;
  readonly calibration: Calibration | undefined;
  readonly predictions: Predictions;
  readonly openings: readonly Opening[];
  readonly set: ImageSet;
}

/**
 * Writes everything about a run on one page into its folder; the page needs nothing beside it.
 *
 * @param set the data set that the run was made from.
 * @param given.metrics what the run scored, if its `metrics.json` is not there yet.
 * @returns the path of the page.
 */
export async function writeReport(
  folder: string,
  set: ImageSet,
  given: { readonly metrics?: RunMetrics } = {},
): Promise<string> {
  const file = path.join(folder, RUN_FILES.report);
  const shown: Shown = {
    config: await readRunConfig(folder),
    history: await readHistory(folder),
    metrics: given.metrics ?? (await readRunMetrics(folder)),
    calibration: await readCalibration(folder),
    predictions: await readPredictions(folder, "validation"),
    openings: await readOpenings(folder),
    set,
  };
  await writeFileAtomic(file, renderReport(shown));
  return file;
}

function renderReport(shown: Shown): string {
  const { config, history, metrics, predictions, set } = shown;
  const { validation, test } = metrics;
  const title = `${config.name} · training run`;
  const input = `${config.input.width}×${config.input.height} ${config.input.channels === 1 ? "grey" : "RGB"}`;
  return page(
    title,
    `<header><p class="kind">training run</p><h1>${escapeHtml(config.name)}</h1>
<p>${config.classes.length} expressions from ${input} images of ${escapeHtml(config.data.name)}, ${history.length} epochs</p></header>
${tiles(shown)}
<section><h2>What it scores</h2>
<p>PublicTest is the validation part: the epoch and every setting were chosen by it. ${
      test
        ? "PrivateTest is the test part."
        : "PrivateTest, the test part, has not been opened for this run."
    }</p>
${scoreTable({ validation, test })}
</section>
${history.length > 0 ? curves(history) : ""}
<section><h2>Confusion</h2>
<p>Of the images of each class, the share that gets each answer; below it the number of images.</p>
<h3>validation</h3>
${confusionTable(validation.confusion, config.classes)}
${test ? `<h3>test</h3>${confusionTable(test.confusion, config.classes)}` : ""}
</section>
<section><h2>Class by class</h2>
<p>Recall: how many of a class are found. Precision: how often the answer is right.</p>
${classTable(validation, config.classes)}
</section>
${calibrationSection(shown)}
<section><h2>Worst mistakes</h2>
<p>The validation images on which the model was surest and its answer is not the label${
      predictions.votes ? ", with what most FER+ voters saw" : ""
    }. Not every label is right.</p>
${mistakeGallery(set, predictions, worstMistakes(predictions, MISTAKES))}
</section>
${originSection(shown)}`,
  );
}

function tiles({ metrics, calibration, openings }: Shown): string {
  const [part, score] = metrics.test ? ["test", metrics.test] : ["validation", metrics.validation];
  const [low, high] = score.accuracyInterval;
  const all = [
    htmlTile(
      `accuracy, ${part}`,
      percent(score.accuracy, 2),
      `${percent(low)} to ${percent(high)}`,
    ),
    htmlTile("mean recall", percent(score.meanRecall, 2), `macro-F1 ${percent(score.macroF1)}`),
    ...(score.averaged
      ? [
          htmlTile(
            "accuracy, ten views",
            percent(score.averaged.accuracy, 2),
            "mirror and crops averaged",
          ),
        ]
      : []),
    ...(score.byVotes
      ? [
          htmlTile(
            "by FER+ votes",
            percent(score.byVotes.accuracy, 2),
            `of ${count(score.byVotes.images)} images`,
          ),
        ]
      : []),
    ...(calibration
      ? [
          htmlTile(
            "calibration error",
            percent(score.calibrated?.ece ?? calibration.ece.after),
            `${percent(score.ece ?? calibration.ece.before)} before`,
          ),
        ]
      : []),
  ];
  const warning =
    openings.length > 1
      ? `<p><b>PrivateTest was opened ${openings.length} times for this run: its figures are no independent test any more.</b></p>`
      : "";
  return `<div class="tiles">${all.join("\n")}</div>${warning}`;
}

function curves(history: readonly EpochRecord[]): string {
  const best = history.reduce((a, b) => (b.validationAccuracy > a.validationAccuracy ? b : a));
  const series = (of: (record: EpochRecord) => number) =>
    history.map((record) => [record.epoch, of(record)] as const);
  const mark = { x: best.epoch, name: `best on validation: epoch ${best.epoch}` };
  return `<section><h2>Learning curves</h2>
<p>Training figures are on augmented images with dropout, so they may lie below validation. The dashed line is epoch ${best.epoch}, the best on validation.</p>
<div class="pair">
${lineChart({
  title: "Loss",
  unit: "cross-entropy in nats, by epoch",
  format: (value) => String(value),
  mark,
  series: [
    { name: "validation", points: series((record) => record.validationLoss) },
    { name: "training", points: series((record) => record.trainLoss) },
  ],
})}
${lineChart({
  title: "Accuracy",
  unit: "by epoch",
  format: (value) => `${Math.round(1000 * value) / 10} %`,
  mark,
  series: [
    { name: "validation", points: series((record) => record.validationAccuracy) },
    { name: "training", points: series((record) => record.trainAccuracy) },
  ],
})}
</div></section>`;
}

function calibrationSection({ calibration, predictions }: Shown): string {
  if (calibration === undefined) return "";
  const classes = predictions.classes.length;
  const chart = (title: string, truth: ArrayLike<number>) => {
    const { probabilities, labels } = onlyLabelled(predictions.probabilities, truth, classes);
    const calibrated = applyTemperature(probabilities, classes, calibration.temperature);
    const bins = (of: Float32Array) => reliability(of, labels, classes);
    return reliabilityChart({ title, before: bins(probabilities), after: bins(calibrated) });
  };
  const { temperature, ece, loss } = calibration;
  return `<section><h2>Calibration</h2>
<p>One temperature, ${temperature.toFixed(3)}, fitted to validation, makes the probabilities mean what they say: on the dashed line, what is 70 % sure is right 7 times in 10. Expected calibration error ${percent(ece.before)} → ${percent(ece.after)}, loss ${loss.before.toFixed(4)} → ${loss.after.toFixed(4)}. The answers stay the same.</p>
<div class="pair">${chart("By the labels", predictions.labels)}
${predictions.votes ? chart("By the FER+ votes", predictions.votes) : ""}</div></section>`;
}

function originSection({ config, openings }: Shown): string {
  const { data, hyperparameters, seed, code, split } = config;
  const settings = Object.entries(hyperparameters).map(
    ([name, value]) =>
      [name, escapeHtml(Array.isArray(value) ? value.join(", ") : String(value))] as const,
  );
  return `<section><h2>Where it comes from</h2>
<h3>Data</h3>
${definitions([
  ["data set", escapeHtml(data.name)],
  ["file", `<code>${escapeHtml(data.path)}</code>`],
  ["SHA-256", `<code>${data.sha256}</code>`],
  ["licence", escapeHtml(data.licence)],
  ["split", split],
  ...(data.skippedRows ? [["wrong rows left out", String(data.skippedRows)] as const] : []),
])}
<h3>Settings</h3>
${definitions([["seed", String(seed)], ...settings, ["code", `<code>${escapeHtml(code)}</code>`]])}
${
  openings.length > 0
    ? `<h3>Openings of PrivateTest</h3>${definitions(openings.map(({ time, accuracy }) => [time, percent(accuracy, 2)] as const))}`
    : ""
}</section>`;
}
