import type { SplitMetrics, Score } from "@mien/format";
import { escapeHtml, htmlTable } from "@mien/plot";
import { bootstrapInterval } from "../score/bootstrap.ts";
import { count, percent } from "./numbers.ts";

/** All scores of the splits as an HTML table, one row for each kind of evaluation. */
export function scoreTable(splits: {
  readonly validation: SplitMetrics;
  readonly test: SplitMetrics | undefined;
}): string {
  const rows = Object.entries(splits).flatMap(([name, metrics]) =>
    metrics === undefined
      ? []
      : [
          ...splitRows(`${name}, by labels`, metrics),
          ...(metrics.byVotes ? splitRows(`${name}, by FER+ votes`, metrics.byVotes) : []),
        ],
  );
  return htmlTable(
    ["", "images", "accuracy", "95 % interval", "top-2", "macro-F1", "mean recall", "loss", "ECE"],
    rows,
  );
}

function splitRows(name: string, metrics: SplitMetrics): string[][] {
  const row = (name: string, score: Score, rest: readonly string[]) => [
    name,
    count(score.images),
    percent(score.accuracy),
    score.accuracyInterval.map((bound) => percent(bound, 1)).join(" – "),
    percent(score.top2Accuracy, 1),
    percent(score.macroF1, 1),
    percent(score.meanRecall, 1),
    ...rest,
  ];
  const { averaged, leakFree, nearLeakFree, calibrated, loss, ece } = metrics;
  const interval = (metric: "macroF1" | "meanRecall") =>
    bootstrapInterval(metrics.confusion, metric)
      .map((bound) => (100 * bound).toFixed(1))
      .join(" – ");
  return [
    row(`<b>${escapeHtml(name)}</b>`, metrics, [loss.toFixed(4), percent(ece, 1)]),
    ["&emsp;95 % interval", "", "", "", "", interval("macroF1"), interval("meanRecall"), "", ""],
    ...(calibrated
      ? [
          [
            "&emsp;calibrated",
            "",
            "",
            "",
            "",
            "",
            "",
            calibrated.loss.toFixed(4),
            percent(calibrated.ece, 1),
          ],
        ]
      : []),
    ...(averaged ? [row("&emsp;mirror and crops averaged", averaged, ["", ""])] : []),
    ...(leakFree ? [row("&emsp;without copies in training", leakFree, ["", ""])] : []),
    ...(nearLeakFree
      ? [row("&emsp;without copies and near-copies in training", nearLeakFree, ["", ""])]
      : []),
  ];
}

/** Recall, precision and F1 of each class, by labels and (if known) by votes, as an HTML table. */
export function classTable(metrics: SplitMetrics, classes: readonly string[]): string {
  const { byVotes } = metrics;
  return htmlTable(
    [
      "",
      "images",
      "recall",
      "precision",
      "F1",
      ...(byVotes ? ["images by votes", "recall", "precision", "F1"] : []),
    ],
    classes.map((name, c) => [
      escapeHtml(name),
      ...classFigures(metrics, c),
      ...(byVotes ? classFigures(byVotes, c) : []),
    ]),
  );
}

function classFigures({ confusion, recall, precision, f1 }: SplitMetrics, c: number): string[] {
  const images = confusion[c]?.reduce((sum, n) => sum + n, 0) ?? 0;
  const shares = [recall[c], precision?.[c], f1?.[c]];
  return [count(images), ...shares.map((share) => percent(share, 1))];
}
