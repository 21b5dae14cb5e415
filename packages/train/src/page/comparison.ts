import { escapeHtml, htmlTable } from "@mien/plot";
import type { Comparison, ComparedPair, ComparedRun } from "../compare.ts";
import { lineChart } from "./charts.ts";
import { count, page, percent } from "./html.ts";

/** Runs side by side on one page that needs nothing beside it. */
export function renderComparison({ runs, pairs, differences, warnings }: Comparison): string {
  const names = runs.map(({ name }) => name);
  const parts = [...new Set(pairs.map(({ part }) => part))];
  const scores = (part: "validation" | "test") =>
    htmlTable(
      [
        "",
        "accuracy",
        "95 % interval",
        "macro-F1",
        "mean recall",
        "loss",
        "ECE, calibrated",
        "by votes",
        "mean recall",
      ],
      runs.map((run) => scoreRow(run, part)),
    );
  const curve = (title: string, unit: string, key: "validationLoss" | "validationAccuracy") =>
    lineChart({
      title,
      unit,
      format: (value) =>
        key === "validationLoss" ? String(value) : `${Math.round(1000 * value) / 10} %`,
      series: runs.map(({ history }, i) => {
        return { name: names[i] as string, points: history.map((e) => [e.epoch, e[key]] as const) };
      }),
    });
  return page(
    `${names.join(", ")} · comparison`,
    `<header><p class="kind">comparison of training runs</p><h1>${names.map(escapeHtml).join(", ")}</h1>
${warnings.map((warning) => `<p><b>${escapeHtml(warning)}</b></p>`).join("\n")}</header>
<section><h2>Scores</h2>
${parts.map((part) => `<h3>${part}</h3>${scores(part)}`).join("\n")}
</section>
<section><h2>More than chance?</h2>
<p>McNemar's exact test looks at the images on which two runs differ. Below p = 0.05 the difference is more than chance; with several pairs, p is Holm's, which allows for asking more than once.</p>
${htmlTable(
  ["", "part", "right by", "only the first right", "only the second right", "p", ""],
  pairs.map((pair) => pairRow(pair, names)),
)}
</section>
${
  runs.some(({ history }) => history.length > 0)
    ? `<section><h2>Learning curves</h2><div class="pair">
${curve("Validation loss", "cross-entropy in nats, by epoch", "validationLoss")}
${curve("Validation accuracy", "by epoch", "validationAccuracy")}</div></section>`
    : ""
}
<section><h2>Recall by class</h2>
${htmlTable(
  ["", ...names.map(escapeHtml)],
  (runs[0] as ComparedRun).config.classes.map((name, c) => [
    escapeHtml(name),
    ...runs.map(({ metrics }) => percent(metrics.validation.recall[c])),
  ]),
)}
</section>
<section><h2>What differs</h2>
${
  differences.length === 0
    ? "<p>Nothing: data, votes, teacher, seed, every setting and the code are the same.</p>"
    : htmlTable(
        ["", ...names.map(escapeHtml)],
        differences.map(([name, values]) => [escapeHtml(name), ...values.map(escapeHtml)]),
      )
}
</section>`,
  );
}

function scoreRow({ name, metrics }: ComparedRun, part: "validation" | "test"): string[] {
  const score = metrics[part];
  if (score === undefined) return [escapeHtml(name), ...new Array<string>(8).fill("–")];
  return [
    escapeHtml(name),
    percent(score.accuracy, 2),
    score.accuracyInterval.map((bound) => percent(bound)).join(" – "),
    percent(score.macroF1),
    percent(score.meanRecall),
    score.loss.toFixed(4),
    percent(score.calibrated?.ece),
    percent(score.byVotes?.accuracy, 2),
    percent(score.byVotes?.meanRecall),
  ];
}

function pairRow(pair: ComparedPair, names: readonly string[]): string[] {
  const { part, by, first, second, onlyFirst, onlySecond, adjusted } = pair;
  return [
    `${escapeHtml(names[first] as string)} and ${escapeHtml(names[second] as string)}`,
    part,
    by,
    count(onlyFirst),
    count(onlySecond),
    formatProbability(adjusted),
    escapeHtml(verdict(pair, names)),
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
