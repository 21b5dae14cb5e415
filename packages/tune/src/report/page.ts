import { escapeHtml, htmlFigure, htmlPage, htmlTable, htmlTile } from "@mien/plot";
import { resolveConfig, type TrainConfig } from "@mien/train";
import type { Trial } from "../protocol.ts";
import type { Settings } from "../settings.ts";
import { configOf, hyperparametersOf } from "../space.ts";
import type { Picture } from "./charts.ts";
import type { Comparison } from "./compare.ts";
import { mean } from "./gain.ts";

/** Everything that the report of a study shows. */
export interface StudyReport {
  readonly study: string;
  readonly settings: Settings;
  readonly trials: readonly Trial[];
  readonly best: Trial;
  /** [name, share of the variance], the largest first; null if there is too little to tell from. */
  readonly importance: readonly (readonly [string, number])[] | null;
  /** Tuned against default settings; null if it was not asked for. */
  readonly comparison: Comparison | null;
  /** Whether the history shows what random search would be expected to find. */
  readonly randomSearch: boolean;
}

/** Best trials that are listed. */
const LISTED = 10;

/** The report as one HTML page that needs nothing beside it. */
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
<p>${trialCount(trials)} on ${escapeHtml(data.name)}, each at most ${epochs} epochs on ${percent(subset, 0)} of what may be learnt from. Trials are judged on a fifth of Training that none of them learns from; PublicTest and PrivateTest choose nothing here.</p></header>
${tiles(report)}
<section><h2>The best settings</h2>
<p>Trial ${report.best.number}, next to train's defaults. What is not listed is the same in all trials.</p>
${settingsTable(report)}
</section>
${comparisonSection(report)}
<section><h2>How the search went</h2>
${figures("history")}
${randomSearch ? RANDOM_SEARCH : ""}
${figures("curves")}
${pruned > 0 ? `<p>The curves that end before epoch ${epochs} are those of the ${plural(pruned, "trial")} that ${pruned === 1 ? "was" : "were"} pruned (${pruner}).</p>` : ""}
</section>
<section><h2>What mattered</h2>
${
  report.importance === null
    ? "<p>Too few complete trials to tell.</p>"
    : `${figures("importance")}<p>Only complete trials count here, most of which the search chose near the best: a parameter that is settled early looks unimportant.</p>`
}
${figures("parallel")}
<p>One line for each complete trial: the better the trial, the stronger its colour.</p>
</section>
<section><h2>Parameter by parameter</h2>
<p>Points with a stronger colour came later.${pruned > 0 ? " Diamonds are pruned trials, at the accuracy of their last epoch." : ""}</p>
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

/** How many trials a state has. */
function trialsIn(trials: readonly Trial[], state: Trial["state"]): number {
  return trials.filter((trial) => trial.state === state).length;
}

/** `6 trials (4 complete, 1 pruned, 1 interrupted)`: the count on the page and on the screen. */
export function trialCount(trials: readonly Trial[]): string {
  return `${plural(trials.length, "trial")} (${trialStates(trials)})`;
}

function trialStates(trials: readonly Trial[]): string {
  return (["complete", "pruned", "failed", "interrupted", "running", "waiting"] as const)
    .map((state) => [trialsIn(trials, state), state] as const)
    .filter(([count]) => count > 0)
    .map((entry) => entry.join(" "))
    .join(", ");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const RANDOM_SEARCH =
  "<p>The line of random search is an estimate, not a search that was run: a random forest learns from the trials of this study which accuracy a setting gives, and random settings are drawn from it. A pruned trial counts with the accuracy that it would have reached if it had gone on like the complete ones.</p>";

function tiles({ best, trials, comparison }: StudyReport): string {
  const hours = trials.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) / 60;
  return `<div class="tiles">
${htmlTile("best trial", percent(best.value ?? 0), `trial ${best.number}, on the judging part`)}
${htmlTile("trials", String(trials.length), trialStates(trials))}
${
  comparison
    ? htmlTile(
        "gain over default",
        points(comparison.gain),
        `points on PublicTest, ${points(comparison.interval[0])} to ${points(comparison.interval[1])}`,
      )
    : ""
}
${htmlTile("time", `${hours.toFixed(0)} min`, "of all trials together")}
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
      ? "Tuning pays here."
      : high < 0
        ? "Tuning has made it worse."
        : "That may be chance: the interval holds 0.";
  const rows = contestants.map(({ name, runs }) => [
    name,
    percent(mean(runs.map(({ metrics }) => metrics.validation.accuracy))),
    runs.map(({ metrics }) => percent(metrics.validation.accuracy)).join(", "),
    percent(mean(runs.map(({ metrics }) => metrics.validation.macroF1))),
    mean(runs.map(({ metrics }) => metrics.validation.loss)).toFixed(4),
  ]);
  return `<section><h2>Tuned against default</h2>
<p>Both trained with the budget of a trial (${settings.epochs} epochs, ${percent(settings.subset, 0)} of the data) and ${seeds} ${seeds === 1 ? "seed" : "seeds"}, measured on the ${images.toLocaleString("en-US")} images of PublicTest, by which no trial was chosen.
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

/** Wide pages, with room for the parameters of a trial in one line. */
const STYLE = `
table { font-size: .92rem; }
th, td { padding: .4rem .7rem; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); }
figure.plot img { width: 100%; }
`;
