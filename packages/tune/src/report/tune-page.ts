import { counted } from "@mien/cli";
import { describeSplit } from "@mien/data";
import { escapeHtml, htmlFigure, htmlPage, htmlTable, htmlTile } from "@mien/plot";
import { resolveConfig, type TrainConfig } from "@mien/train";
import type { Trial } from "../optuna/optuna-protocol.ts";
import { splitOf, type Settings } from "../study-settings.ts";
import { configOf, hyperparametersOf } from "../search-space.ts";
import type { Picture } from "./picture.ts";
import type { Comparison } from "./compare-settings.ts";
import { mean } from "./gain.ts";

/** The content of the report of a study. */
export interface StudyReport {
  readonly study: string;
  readonly settings: Settings;
  readonly trials: readonly Trial[];
  readonly best: Trial;
  /** [name, share of the variance], the largest first; null if there are too few trials. */
  readonly importance: readonly (readonly [string, number])[] | null;
  /** Comparison of the tuned with the default settings; null if it was skipped. */
  readonly comparison: Comparison | null;
  /** Whether the history shows the expected best of a random search. */
  readonly randomSearch: boolean;
}

/** Number of best trials in the list. */
const LISTED = 10;

/** Renders the report as one self-contained HTML page. */
export function renderPage(report: StudyReport, pictures: readonly Picture[]): string {
  const { study, settings, trials, randomSearch } = report;
  const pruned = trialsIn(trials, "pruned");
  const figures = (...names: readonly string[]) =>
    pictures
      .filter(({ name }) =>
        names.some((prefix) => name === prefix || name.startsWith(`${prefix}-`)),
      )
      .map(({ title, png }) => htmlFigure(title, png))
      .join("\n");
  const { data, space, pruner, epochs, subset, seed } = settings;
  return htmlPage(
    `${study} · hyperparameter study`,
    `<header><p class="kind">hyperparameter study</p><h1>${escapeHtml(study)}</h1>
<p>${trialCount(trials)} on ${escapeHtml(data.name)}. Each trial trains for at most ${counted(epochs, "epoch")} on ${percent(subset, 0)} of its training images. Its accuracy is measured on the selection split: ${describeSelection(settings)}</p></header>
${tiles(report)}
<section><h2>The best settings</h2>
<p>The settings of trial ${report.best.number} beside the defaults of training. Settings that are not listed are the same in all trials.</p>
${settingsTable(report)}
</section>
${comparisonSection(report)}
<section><h2>Course of the search</h2>
${figures("history")}
${randomSearch ? RANDOM_SEARCH : ""}
${figures("curves")}
${pruned > 0 ? `<p>${counted(pruned, "trial was", "trials were")} pruned (${pruner}): ${pruned === 1 ? "its curve ends" : "their curves end"} before epoch ${epochs}.</p>` : ""}
</section>
<section><h2>Importance of the parameters</h2>
${
  report.importance === null
    ? "<p>There are too few complete trials to compute it.</p>"
    : `${figures("importance")}<p>Importance is computed from complete trials. The search chose most of them near the best settings, so a parameter whose best value it found early looks unimportant.</p>`
}
${figures("parallel")}
<p>Each line is a complete trial. A stronger colour means a higher accuracy.</p>
</section>
<section><h2>Parameter by parameter</h2>
<p>Each point is a trial. A stronger colour means a later trial.${pruned > 0 ? " A diamond is a pruned trial, at the accuracy of its last epoch." : ""}</p>
<div class="pair">${figures("slice")}</div>
</section>
<section><h2>The best trials</h2>
${trialTable(report)}
</section>
<footer><dl>
<dt>data</dt><dd>${escapeHtml(data.name)}, SHA-256 <code>${data.sha256}</code></dd>
<dt>space</dt><dd>${escapeHtml(space.name)}. ${escapeHtml(space.description)}</dd>
<dt>sampler, pruner</dt><dd>TPE with seed ${seed}; ${pruner}</dd>
</dl></footer>`,
    STYLE,
  );
}

/** Number of trials in a state. */
function trialsIn(trials: readonly Trial[], state: Trial["state"]): number {
  return trials.filter((trial) => trial.state === state).length;
}

/** `6 trials (4 complete, 1 pruned, 1 interrupted)`, for the page and the terminal. */
export function trialCount(trials: readonly Trial[]): string {
  return `${counted(trials.length, "trial")} (${trialStates(trials)})`;
}

function trialStates(trials: readonly Trial[]): string {
  return (["complete", "pruned", "failed", "interrupted", "running", "waiting"] as const)
    .map((state) => [trialsIn(trials, state), state] as const)
    .filter(([count]) => count > 0)
    .map((entry) => entry.join(" "))
    .join(", ");
}

const RANDOM_SEARCH =
  "<p>The line of random search is an estimate; no random search was run. A random forest was fitted to the trials of this study and predicts the accuracy of random settings. For a pruned trial, it was given the accuracy that the trial would have reached if it had improved like the complete trials.</p>";

/** On which images trials are evaluated, and which images they do not use. */
function describeSelection(settings: Settings): string {
  const choice = splitOf(settings);
  return choice.split === "official"
    ? "a fifth of the Training images, on which no trial trains. PublicTest and PrivateTest are not used to choose settings."
    : `a fifth of the training images, on which no trial trains. The splits are ${describeSplit(choice)}; validation and test images are not used to choose settings.`;
}

/** The name of the split on which the best and the default settings are compared. */
export function validationOf(settings: Settings): string {
  return splitOf(settings).split === "official" ? "PublicTest" : "the validation split";
}

function tiles({ best, trials, settings, comparison }: StudyReport): string {
  const minutes = trials.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) / 60;
  return `<div class="tiles">
${htmlTile("best trial", percent(best.value ?? 0), `trial ${best.number}, on the selection split`)}
${htmlTile("trials", String(trials.length), trialStates(trials))}
${
  comparison
    ? htmlTile(
        "gain over default",
        points(comparison.gain),
        `points on ${validationOf(settings)}, ${points(comparison.interval[0])} to ${points(comparison.interval[1])}`,
      )
    : ""
}
${htmlTile("time", `${minutes.toFixed(0)} min`, "of all trials together")}
</div>`;
}

function settingsTable({ settings, best }: StudyReport): string {
  const defaults = resolveConfig({});
  const tuned = configOf(settings.space, best.params);
  const names = Object.keys(
    hyperparametersOf(settings.space, best.params),
  ) as (keyof TrainConfig)[];
  return htmlTable(
    ["hyperparameter", "best trial", "default"],
    names.map((name) => [escapeHtml(name), value(tuned[name]), value(defaults[name])]),
  );
}

function comparisonSection({ comparison, settings }: StudyReport): string {
  if (!comparison) return "";
  const { contestants, interval, gain, images } = comparison;
  const [low, high] = interval;
  const seeds = contestants[0].runs.length;
  const verdict =
    low > 0
      ? "Tuning improves the accuracy."
      : high < 0
        ? "Tuning reduces the accuracy."
        : "The gain may be due to chance: the interval contains 0.";
  const rows = contestants.map(({ name, runs }) => [
    name,
    percent(mean(runs.map(({ metrics }) => metrics.validation.accuracy))),
    runs.map(({ metrics }) => percent(metrics.validation.accuracy)).join(", "),
    percent(mean(runs.map(({ metrics }) => metrics.validation.macroF1))),
    mean(runs.map(({ metrics }) => metrics.validation.loss)).toFixed(4),
  ]);
  return `<section><h2>Best settings compared with the defaults</h2>
<p>Both were trained with the budget of a trial (${counted(settings.epochs, "epoch")}, ${percent(settings.subset, 0)} of the data) and ${counted(seeds, "seed")}, and evaluated on ${counted(images, "image")} of ${validationOf(settings)}, which was not used to choose a trial.
The gain is <b>${points(gain)} points</b>, 95 % interval ${points(low)} to ${points(high)}. ${verdict}</p>
${htmlTable(["settings", "accuracy", "of each seed", "macro-F1", "loss"], rows)}
</section>`;
}

function trialTable({ trials, settings }: StudyReport): string {
  const best = trials
    .filter(({ state }) => state === "complete")
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || a.number - b.number)
    .slice(0, LISTED);
  const names = Object.keys(settings.space.parameters);
  return htmlTable(
    ["trial", "accuracy", ...names.map(escapeHtml)],
    best.map((trial) => [
      String(trial.number),
      percent(trial.value ?? 0),
      ...names.map((name) => value(trial.params[name])),
    ]),
  );
}

function value(given: unknown): string {
  if (typeof given !== "number") return escapeHtml(String(given).replace(/^\[|\]$/g, ""));
  const text = Number(given.toPrecision(3));
  return text !== 0 && Math.abs(text) < 0.001 ? text.toExponential() : String(text);
}

function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A difference of accuracies in points, always with its sign. */
function points(difference: number): string {
  return `${difference < 0 ? "−" : "+"}${Math.abs(100 * difference).toFixed(2)}`;
}

/** Smaller text and cells, so that the parameters of a trial fit in one line. */
const STYLE = `
table { font-size: .92rem; }
th, td { padding: .4rem .7rem; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); }
figure.plot img { width: 100%; }
`;
