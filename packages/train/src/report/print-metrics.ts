import { formatPercent, type Terminal } from "@mien/cli";
import type { SplitMetrics, Score } from "@mien/format";

/** The names of further rows of a split. */
const FURTHER = {
  averaged: "… mirror and crops averaged",
  leakFree: "… without copies in training",
  nearLeakFree: "… without near-copies, too",
} as const;

/** Prints the metrics of a model on a split as two tables: overall, and by class. */
export function printMetrics(
  terminal: Terminal,
  metrics: SplitMetrics,
  about: { readonly split: string; readonly classes: readonly string[] },
): void {
  const { byVotes } = metrics;
  terminal.table(
    [
      "split",
      "images",
      "accuracy",
      "95 % interval",
      "top-2",
      "macro-F1",
      "mean recall",
      "loss",
      "ECE",
    ],
    [
      ...scoreRows(about.split, metrics),
      ...(byVotes ? scoreRows(`${about.split}, by FER+ votes`, byVotes) : []),
    ],
  );
  const percent = (share: number | null | undefined) =>
    share === null || share === undefined ? "–" : formatPercent(share, 1);
  terminal.table(
    ["class", "images", "recall", "precision", "F1", ...(byVotes ? ["recall by votes"] : [])],
    about.classes.map((name, i) => [
      name,
      metrics.confusion[i]?.reduce((sum, count) => sum + count, 0) ?? 0,
      percent(metrics.recall[i]),
      percent(metrics.precision?.[i]),
      percent(metrics.f1?.[i]),
      ...(byVotes ? [percent(byVotes.recall[i])] : []),
    ]),
  );
}

/** The plain row of a split, and one row for each further kind of evaluation. */
function scoreRows(name: string, metrics: SplitMetrics): (string | number)[][] {
  const { loss, ece, calibrated } = metrics;
  const row = (title: string, score: Score) => [
    title,
    score.images,
    formatPercent(score.accuracy),
    score.accuracyInterval.map((bound) => formatPercent(bound, 1)).join(" – "),
    score.top2Accuracy === undefined ? "–" : formatPercent(score.top2Accuracy),
    formatPercent(score.macroF1),
    score.meanRecall === undefined ? "–" : formatPercent(score.meanRecall),
  ];
  const further = (["averaged", "leakFree", "nearLeakFree"] as const).flatMap((kind) => {
    const score = metrics[kind];
    return score === undefined ? [] : [[...row(FURTHER[kind], score), "", ""]];
  });
  return [
    [...row(name, metrics), loss.toFixed(4), ece === undefined ? "–" : formatPercent(ece, 1)],
    ...(calibrated
      ? [
          [
            `… calibrated, temperature ${calibrated.temperature.toFixed(3)}`,
            "",
            "",
            "",
            "",
            "",
            "",
            calibrated.loss.toFixed(4),
            formatPercent(calibrated.ece, 1),
          ],
        ]
      : []),
    ...further,
  ];
}
