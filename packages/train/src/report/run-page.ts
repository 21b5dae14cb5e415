import path from "node:path";
import { counted, readRunConfig, writeFileAtomic } from "@mien/cli";
import {
  RUN_FILES,
  type Calibration,
  type EpochRecord,
  type ImageSet,
  type PartMetrics,
  type RunConfig,
  type RunMetrics,
} from "@mien/format";
import { escapeHtml, htmlTile } from "@mien/plot";
import { applyTemperature, onlyLabelled, readCalibration } from "../score/calibration.ts";
import { readHistory } from "../run/history.ts";
import { reliability } from "../score/metrics.ts";
import { percent } from "./numbers.ts";
import { readOpenings, type Opening } from "../run/test-set-access.ts";
import { readPredictions, type Predictions } from "../score/predictions.ts";
import { readRunMetrics } from "../run/run.ts";
import { targetOf, usedOf, voteShareOf } from "../score/target-of.ts";
import { reliabilityChart } from "./score-charts.ts";
import { learningCurves } from "./training-curves.ts";
import { definitions, page } from "./page-frame.ts";
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
  const { config, history, metrics, predictions, openings, set } = shown;
  const { validation, test } = metrics;
  const title = `${config.name} · training run`;
  const input = `${config.input.width}×${config.input.height} ${config.input.channels === 1 ? "grey" : "RGB"}`;
  return page(
    title,
    `<header><p class="kind">training run</p><h1>${escapeHtml(config.name)}</h1>
<p>${counted(config.classes.length, "expression")} from ${input} images of ${escapeHtml(config.data.name)}, ${counted(history.length, "epoch")}</p></header>
${tiles(shown)}
<section><h2>What it scores</h2>
<p>${escapeHtml(usedOf(config))} PublicTest is the validation part: it chose the epoch, and the temperature is fitted to it, so its figures may be too good. If settings were chosen by it too, its figures are even more optimistic; a run does not record how its settings were chosen. ${
      test
        ? "PrivateTest is the test part."
        : openings.length > 0
          ? `PrivateTest, the test part, was opened ${counted(openings.length, "time")}, but its figures are not in this run's metrics.`
          : "PrivateTest, the test part, has not been opened for this run."
    }</p>
${scoreTable({ validation, test })}
</section>
${history.length > 0 ? learningCurves(config, history) : ""}
<section><h2>Confusion</h2>
<p>Each row is a class by label. A cell shows the share of its images that get an answer, and below it their number.</p>
<h3>validation</h3>
${confusionTable(validation.confusion, config.classes)}
${test ? `<h3>test</h3>${confusionTable(test.confusion, config.classes)}` : ""}
</section>
<section><h2>Class by class on validation</h2>
<p>Recall: how many of a class are found. Precision: how often the answer is right.</p>
${classTable(validation, config.classes)}
</section>
${calibrationSection(shown)}
<section><h2>Worst mistakes on validation</h2>
<p>The wrong answers on validation with the highest probability${
      predictions.votes ? ", each with the answer of most FER+ voters" : ""
    }. Some labels are wrong themselves.</p>
${mistakeGallery(set, predictions, worstMistakes(predictions, MISTAKES))}
</section>
${originSection(shown)}`,
  );
}

function tiles({ config, metrics, openings }: Shown): string {
  const [part, score] = metrics.test ? ["test", metrics.test] : ["validation", metrics.validation];
  const { byVotes, averaged, mixed } = score;
  const [low, high] = score.accuracyInterval.map((bound) => percent(bound, 1));
  const all = [
    htmlTile(`accuracy by labels, ${part}`, percent(score.accuracy), `${low} to ${high}`),
    htmlTile(
      "mean recall by labels",
      percent(score.meanRecall),
      `macro-F1 ${percent(score.macroF1, 1)}`,
    ),
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
    openings.length > 1
      ? `<p><b>PrivateTest was opened ${openings.length} times for this run: its figures are no longer those of an independent test.</b></p>`
      : "";
  return `<div class="tiles">${all.join("\n")}</div>${warning}`;
}

function calibrationTile(by: string, before?: number, after?: number): string[] {
  if (after === undefined) return [];
  const note = `${percent(before, 1)} before`;
  return [htmlTile(`calibration error by ${by}`, percent(after, 1), note)];
}

function calibrationSection({ calibration, metrics, predictions }: Shown): string {
  if (calibration === undefined) return "";
  const classes = predictions.classes.length;
  const chart = (title: string, truth: ArrayLike<number>) => {
    const { probabilities, labels } = onlyLabelled(predictions.probabilities, truth, classes);
    const calibrated = applyTemperature(probabilities, classes, calibration.temperature);
    const bins = (of: Float32Array) => reliability(of, labels, classes);
    return reliabilityChart({ title, before: bins(probabilities), after: bins(calibrated) });
  };
  const { validation } = metrics;
  const { byVotes, mixed } = validation;
  const { temperature, voteShare } = calibration;
  const target = targetOf(voteShare);
  const change = (by: string, { ece, loss, calibrated }: PartMetrics) =>
    `By ${by}, the expected calibration error goes from ${percent(ece, 1)} to ${percent(calibrated?.ece, 1)} and the loss from ${loss.toFixed(4)} to ${calibrated?.loss.toFixed(4) ?? "–"}.`;
  const changes = [
    change("labels", validation),
    ...(byVotes ? [change("FER+ votes", byVotes)] : []),
    ...(mixed
      ? [
          `By ${target}, that error goes from ${percent(mixed.ece, 1)} to ${percent(mixed.calibratedEce, 1)}.`,
        ]
      : []),
  ];
  return `<section><h2>Calibration on validation</h2>
<p>One temperature, ${temperature.toFixed(3)}, fitted to ${target}, makes probabilities agree with accuracy. The dashed line is perfect agreement: of the answers with a probability of 70 %, 70 % are right. ${changes.join(" ")} The temperature does not change any answer.</p>
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
    ? `<h3>Openings of PrivateTest</h3>${definitions(openings.map(({ time, accuracy }) => [time, percent(accuracy)] as const))}`
    : ""
}</section>`;
}
