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
}

/** Best trials that are listed. */
const LISTED = 10;

/** The report as one HTML page that needs nothing beside it. */
export function renderPage(report: StudyReport, pictures: readonly Picture[]): string {
  const { study, settings, trials } = report;
  const figures = (...names: readonly string[]) =>
    pictures
      .filter(({ name }) =>
        names.some((prefix) => name === prefix || name.startsWith(`${prefix}-`)),
      )
      .map(
        ({ title, png }) =>
          `<figure><img alt="${escape(title)}" src="data:image/png;base64,${png.toString("base64")}"></figure>`,
      )
      .join("\n");
  const { data, space, pruner, epochs, subset, seed } = settings;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(study)} · hyperparameter study</title>
<style>${STYLE}</style>
</head>
<body><main>
<header><p class="kind">hyperparameter study</p><h1>${escape(study)}</h1>
<p>${trials.length} trials on ${escape(data.name)}, each at most ${epochs} epochs on ${percent(subset, 0)} of what may be learnt from. Trials are judged on a fifth of Training that none of them learns from; PublicTest and PrivateTest choose nothing here.</p></header>
${tiles(report)}
<section><h2>The best settings</h2>
<p>Trial ${report.best.number}, next to train's defaults. What is not listed is the same in all trials.</p>
${settingsTable(report)}
</section>
${comparisonSection(report)}
<section><h2>How the search went</h2>
${figures("history")}
<p>Random search is played by a random forest that has learnt from the trials of this study what settings come to; a pruned trial counts as if it had gone on like the complete ones. Its line is an estimate, not a search that was run.</p>
${figures("curves")}
<p>What ends before epoch ${epochs} was pruned (${pruner}).</p>
</section>
<section><h2>What mattered</h2>
${
  report.importance === null
    ? "<p>Too few complete trials to tell.</p>"
    : `${figures("importance")}<p>Only complete trials count here, most of which the search chose near the best: a parameter that is settled early looks unimportant.</p>`
}
${figures("parallel")}
</section>
<section><h2>Parameter by parameter</h2>
<p>Darker points came later; diamonds were pruned, at the accuracy they had by then.</p>
<div class="pair">${figures("slice")}</div>
</section>
<section><h2>The best trials</h2>
${trialTable(report)}
</section>
<footer><dl>
<dt>data</dt><dd>${escape(data.name)}, SHA-256 <code>${data.sha256}</code></dd>
<dt>space</dt><dd>${escape(space.name)}. ${escape(space.description)}</dd>
<dt>sampler, pruner</dt><dd>TPE with seed ${seed}; ${pruner}</dd>
</dl></footer>
</main></body>
</html>
`;
}

function tiles({ best, trials, comparison }: StudyReport): string {
  const tile = (name: string, value: string, more: string) =>
    `<div class="tile card"><span>${name}</span><b>${value}</b><span>${more}</span></div>`;
  const count = (state: Trial["state"]) => trials.filter((trial) => trial.state === state).length;
  const others = (["failed", "interrupted"] as const)
    .filter((state) => count(state) > 0)
    .map((state) => `, ${count(state)} ${state}`)
    .join("");
  const hours = trials.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) / 60;
  return `<div class="tiles">
${tile("best trial", percent(best.value ?? 0), `trial ${best.number}, on the judging part`)}
${tile("trials", String(count("complete") + count("pruned")), `${count("complete")} complete, ${count("pruned")} pruned${others}`)}
${
  comparison
    ? tile(
        "gain over default",
        points(comparison.gain),
        `points on PublicTest, ${points(comparison.interval[0])} to ${points(comparison.interval[1])}`,
      )
    : ""
}
${tile("time", `${hours.toFixed(0)} min`, "of all trials together")}
</div>`;
}

function settingsTable({ settings, best }: StudyReport): string {
  const defaults = resolveConfig({});
  const tuned = configOf(settings.space, best.params);
  const names = Object.keys(
    hyperparametersOf(settings.space, best.params),
  ) as (keyof TrainConfig)[];
  return table(
    ["hyperparameter", "best trial", "default"],
    names.map((name) => [escape(name), value(tuned[name]), value(defaults[name])]),
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
${table(["settings", "accuracy", "of each seed", "macro-F1", "loss"], rows)}
</section>`;
}

function trialTable({ trials, settings }: StudyReport): string {
  const best = trials
    .filter(({ state }) => state === "complete")
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || a.number - b.number)
    .slice(0, LISTED);
  const names = Object.keys(settings.space.parameters);
  return table(
    ["trial", "accuracy", ...names.map(escape)],
    best.map((trial) => [
      String(trial.number),
      percent(trial.value ?? 0),
      ...names.map((name) => value(trial.params[name])),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join("");
  return `<div class="scroll card"><table><thead><tr>${head.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>
<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}</tbody></table></div>`;
}

function value(given: unknown): string {
  if (typeof given !== "number") return escape(String(given).replace(/^\[|\]$/g, ""));
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

function escape(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}

const STYLE = `
:root { color-scheme: light dark; --back: #f6f7f9; --card: #ffffff; --text: #1f2933; --quiet: #5f6b78; --line: #dde2e8; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --card: #1c2229; --text: #e4e8ec; --quiet: #9aa5b1; --line: #313a44; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
h1 { margin: 0; font-size: 2.2rem; line-height: 1.15; overflow-wrap: anywhere; }
h2 { margin: 2.75rem 0 .5rem; font-size: 1.25rem; }
p { margin: .4rem 0 .9rem; color: var(--quiet); max-width: 46rem; }
p b { color: var(--text); }
.kind { margin: 0; font-size: .85rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
.tile { padding: .8rem 1rem; }
.tile span { display: block; font-size: .85rem; color: var(--quiet); }
.tile b { display: block; font-size: 1.7rem; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .4rem .7rem; text-align: right; font-weight: 400; white-space: nowrap; }
thead th { color: var(--quiet); font-size: .85rem; }
thead th:first-child, tbody th { text-align: left; padding-left: 1rem; }
tr > :last-child { padding-right: 1rem; }
tbody tr { border-top: 1px solid var(--line); }
figure { margin: .75rem 0; }
img { display: block; width: 100%; height: auto; border: 1px solid var(--line); border-radius: 10px; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; }
.pair figure { margin: 0; }
@media (min-width: 46rem) { .pair { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.5rem; margin: 0; font-size: .85rem; color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
@media print { body { background: none; } figure, .card { break-inside: avoid; } }
`;
