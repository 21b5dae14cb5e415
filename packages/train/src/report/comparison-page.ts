import type { PartMetrics } from "@mien/format";
import { escapeHtml, htmlTable } from "@mien/plot";
import type { Comparison, ComparedPair, ComparedRun } from "../score/compare-runs.ts";
import { count, percent } from "./numbers.ts";
import type { MeasuredPart } from "../score/predictions.ts";
import { targetOf, voteShareOf } from "../score/target-of.ts";
import { colourOf, lineChart } from "./score-charts.ts";
import { tickPercent } from "./training-curves.ts";
import { page } from "./page-frame.ts";

/** Runs side by side on one page that needs nothing beside it. */
export function renderComparison({ runs, pairs, differences, warnings }: Comparison): string {
  const names = runs.map(({ name }) => name);
  const parts = [...new Set(pairs.map(({ part }) => part))];
  return page(
    `${names.join(", ")} · comparison`,
    `<header><p class="kind">comparison of training runs</p><h1>${names.map(escapeHtml).join(", ")}</h1>
${warnings.map((warning) => `<p><b>${escapeHtml(warning)}</b></p>`).join("\n")}</header>
<section><h2>Scores</h2>
${parts.map((part) => scoreTables(runs, part)).join("\n")}
</section>
<section><h2>More than chance?</h2>
<p>McNemar's exact test compares two runs on the images that only one of them answers correctly. A difference with p below 0.05 counts as more than chance. With several pairs of runs, p is adjusted by Holm's method, separately for each part and for labels and votes. PublicTest, the validation part, chose the epoch of each run, so p on it is optimistic.</p>
${htmlTable(
  ["", "verdict", "p", "part", "right by", "only the first right", "only the second right"],
  pairs.map((pair) => pairRow(pair, names)),
)}
</section>
${learningCurves(runs)}
<section><h2>Recall by class on validation, by labels</h2>
${htmlTable(
  ["", ...names.map(escapeHtml)],
  (runs[0] as ComparedRun).config.classes.map((name, c) => [
    escapeHtml(name),
    ...runs.map(({ metrics }) => percent(metrics.validation.recall[c], 1)),
  ]),
)}
</section>
<section><h2>What differs</h2>
${
  differences.length === 0
    ? "<p>Nothing: the data, votes, teacher, seed, settings and code of these runs are the same.</p>"
    : htmlTable(
        ["", ...names.map(escapeHtml)],
        differences.map(([name, values]) => [escapeHtml(name), ...values.map(escapeHtml)]),
      )
}
</section>`,
  );
}

/** What the runs scored on a part, by the labels and, where some were, by the votes. */
function scoreTables(runs: readonly ComparedRun[], part: MeasuredPart): string {
  const table = (by: string, scoreOf: (run: ComparedRun) => PartMetrics | undefined) =>
    runs.some(scoreOf)
      ? `<h3>${part}, by ${by}</h3>${htmlTable(
          ["", "accuracy", "95 % interval", "macro-F1", "mean recall", "loss", "ECE, calibrated"],
          runs.map((run) => scoreRow(run, scoreOf(run))),
        )}`
      : "";
  return [
    table("labels", ({ metrics }) => metrics[part]),
    table("FER+ votes", ({ metrics }) => metrics[part]?.byVotes),
  ].join("\n");
}

function scoreRow({ name }: ComparedRun, score: PartMetrics | undefined): string[] {
  if (score === undefined) return [escapeHtml(name), ...new Array<string>(6).fill("–")];
  return [
    escapeHtml(name),
    percent(score.accuracy),
    score.accuracyInterval.map((bound) => percent(bound, 1)).join(" – "),
    percent(score.macroF1, 1),
    percent(score.meanRecall, 1),
    score.loss.toFixed(4),
    percent(score.calibrated?.ece, 1),
  ];
}

/** Validation curves; those that are judged by different targets are no lines of one chart. */
function learningCurves(runs: readonly ComparedRun[]): string {
  const trained = runs.filter(({ history }) => history.length > 0);
  if (trained.length === 0) return "";
  const groups = new Map<string, ComparedRun[]>();
  for (const run of trained) {
    const target = judgeOf(run, trained);
    groups.set(target, [...(groups.get(target) ?? []), run]);
  }
  const sections = Array.from(groups, ([target, group]) => {
    const chart = (title: string, key: "validationLoss" | "validationAccuracy") =>
      lineChart({
        title,
        unit: `by ${target}, ${key === "validationLoss" ? "in nats, " : ""}over the epochs`,
        format: key === "validationLoss" ? String : tickPercent,
        series: group.map((run) => ({
          name: run.name,
          points: run.history.map((e) => [e.epoch, e[key]] as const),
          colour: colourOf(runs.indexOf(run)),
        })),
      });
    return `${chart("Validation loss", "validationLoss")}
${chart("Validation accuracy", "validationAccuracy")}`;
  });
  return `<section><h2>Learning curves</h2>
<p>Each run is measured by what it was trained on${groups.size > 1 ? ". Runs that were trained on different targets cannot be compared here, so they have charts of their own" : ""}.</p>
<div class="pair">
${sections.join("\n")}</div>
</section>`;
}

/** What a run's curves are judged by, told apart from other votes among the runs. */
function judgeOf({ config }: ComparedRun, runs: readonly ComparedRun[]): string {
  const votes = new Set(runs.flatMap((run) => run.config.votes?.sha256 ?? []));
  const target = targetOf(voteShareOf(config));
  if (config.votes === undefined || votes.size < 2) return target;
  return `${target} (SHA-256 ${config.votes.sha256.slice(0, 12)})`;
}

function pairRow(pair: ComparedPair, names: readonly string[]): string[] {
  const { part, by, first, second, onlyFirst, onlySecond, adjusted } = pair;
  return [
    `${escapeHtml(names[first] as string)},<br>${escapeHtml(names[second] as string)}`,
    `<b>${escapeHtml(verdict(pair, names))}</b>`,
    formatProbability(adjusted),
    part,
    by,
    count(onlyFirst),
    count(onlySecond),
  ];
}

/** What a pair's test says, in words. */
export function verdict(pair: ComparedPair, names: readonly string[]): string {
  if (pair.adjusted >= 0.05) return "may be chance";
  return `${names[pair.onlyFirst > pair.onlySecond ? pair.first : pair.second]} is better`;
}

/** `0.12`, `0.0031`, `< 0.0001`. */
export function formatProbability(p: number): string {
  return p < 1e-4 ? "< 0.0001" : p.toFixed(p < 0.01 ? 4 : p < 0.1 ? 3 : 2);
}
