import { describeSplit } from "@mien/data";
import { itemAt, type SplitMetrics } from "@mien/format";
import { escapeHtml, htmlTable } from "@mien/plot";
import type { Comparison, ComparedPair, ComparedRun } from "../score/compare-runs.ts";
import type { EvaluationSplit } from "../score/predictions.ts";
import { describeCurveTarget, hasOfficialSplit } from "../run/training-settings.ts";
import { tickPercent } from "./learning-curves.ts";
import { lineChart } from "./line-chart.ts";
import { count, percent } from "./numbers.ts";
import { page } from "./page-frame.ts";
import { colourOf } from "./svg-chart.ts";

/** A comparison of runs as one HTML page without further files. */
export function renderComparison({ runs, pairs, differences, warnings }: Comparison): string {
  const names = runs.map(({ name }) => name);
  const splits = [...new Set(pairs.map(({ split }) => split))];
  const classes = runs[0]?.config.classes ?? [];
  // All runs were evaluated on the same validation images, so the first run's split is that of all.
  const config = runs[0]?.config ?? {};
  const validation = hasOfficialSplit(config)
    ? "PublicTest, the validation split"
    : `the validation split (split ${describeSplit(config)})`;
  return page(
    `${names.join(", ")} · comparison`,
    `<header><p class="kind">comparison of training runs</p><h1>${names.map(escapeHtml).join(", ")}</h1>
${warnings.map((warning) => `<p><b>${escapeHtml(warning)}</b></p>`).join("\n")}</header>
<section><h2>Scores</h2>
${splits.map((split) => scoreTables(runs, split)).join("\n")}
</section>
<section><h2>McNemar's test</h2>
<p>McNemar's exact test compares two runs on the images that only one of them predicts correctly. A difference with p below 0.05 counts as more than chance. With several pairs of runs, p is adjusted by Holm's method, separately for each split and for labels and votes. The epoch of each run was chosen on ${validation}, so p on it is optimistic.</p>
${htmlTable(
  ["", "result", "p", "split", "evaluated by", "only first correct", "only second correct"],
  pairs.map((pair) => pairRow(pair, names)),
)}
</section>
${learningCurves(runs)}
<section><h2>Recall by class on validation, by labels</h2>
${htmlTable(
  ["", ...names.map(escapeHtml)],
  classes.map((name, c) => [
    escapeHtml(name),
    ...runs.map(({ metrics }) => percent(metrics.validation.recall[c], 1)),
  ]),
)}
</section>
<section><h2>Differences in the inputs</h2>
${
  differences.length === 0
    ? "<p>None: these runs have the same data, votes, teacher, seed, settings and code.</p>"
    : htmlTable(
        ["", ...names.map(escapeHtml)],
        differences.map(([name, values]) => [escapeHtml(name), ...values.map(escapeHtml)]),
      )
}
</section>`,
  );
}

/** The scores of the runs on a split, by the labels and (if any run has them) by the votes. */
function scoreTables(runs: readonly ComparedRun[], split: EvaluationSplit): string {
  const table = (by: string, scoreOf: (run: ComparedRun) => SplitMetrics | undefined) =>
    runs.some(scoreOf)
      ? `<h3>${split}, by ${by}</h3>${htmlTable(
          ["", "accuracy", "95 % interval", "macro-F1", "mean recall", "loss", "ECE, calibrated"],
          runs.map((run) => scoreRow(run, scoreOf(run))),
        )}`
      : "";
  return [
    table("labels", ({ metrics }) => metrics[split]),
    table("FER+ votes", ({ metrics }) => metrics[split]?.byVotes),
  ].join("\n");
}

function scoreRow({ name }: ComparedRun, score: SplitMetrics | undefined): string[] {
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

/** Validation curves, with separate charts for runs with different targets. */
function learningCurves(runs: readonly ComparedRun[]): string {
  const trained = runs.filter(({ history }) => history.length > 0);
  if (trained.length === 0) return "";
  const groups = new Map<string, ComparedRun[]>();
  for (const run of trained) {
    const target = targetOf(run, trained);
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
<p>The curves of each run are measured by the target of its training${groups.size > 1 ? ". Runs with different targets cannot be compared here, so they have separate charts" : ""}.</p>
<div class="pair">
${sections.join("\n")}</div>
</section>`;
}

/** The target of a run, with the SHA-256 of its votes if the runs have different votes. */
function targetOf({ config }: ComparedRun, runs: readonly ComparedRun[]): string {
  const votes = new Set(runs.flatMap((run) => run.config.votes?.sha256 ?? []));
  const target = describeCurveTarget(config);
  if (config.votes === undefined || votes.size < 2) return target;
  return `${target} (SHA-256 ${config.votes.sha256.slice(0, 12)})`;
}

function pairRow(pair: ComparedPair, names: readonly string[]): string[] {
  const { split, by, first, second, onlyFirst, onlySecond, adjusted } = pair;
  return [
    `${escapeHtml(itemAt(names, first))},<br>${escapeHtml(itemAt(names, second))}`,
    `<b>${escapeHtml(verdict(pair, names))}</b>`,
    formatProbability(adjusted),
    split,
    by,
    count(onlyFirst),
    count(onlySecond),
  ];
}

/** The result of a pair's test in words. */
export function verdict(pair: ComparedPair, names: readonly string[]): string {
  if (pair.adjusted >= 0.05) return "may be chance";
  return `${names[pair.onlyFirst > pair.onlySecond ? pair.first : pair.second]} is better`;
}

/** A p-value as text: `0.12`, `0.0031`, `< 0.0001`. */
export function formatProbability(p: number): string {
  return p < 1e-4 ? "< 0.0001" : p.toFixed(p < 0.01 ? 4 : p < 0.1 ? 3 : 2);
}
