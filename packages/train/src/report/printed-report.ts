import { formatPercent, type Terminal } from "@mien/cli";
import type { PartMetrics, Score } from "@mien/format";

/** How the rows of a part are called in tables, by what was measured. */
const VIEWS = {
  averaged: "… mirror and crops averaged",
  leakFree: "… without copies in training",
} as const;

/** Prints what a model scored: the overall figures in every way measured, then by class. */
export function reportMetrics(
  terminal: Terminal,
  metrics: PartMetrics,
  about: { readonly part: string; readonly classes: readonly string[] },
): void {
  const { byVotes } = metrics;
  terminal.table(
    ["part", "images", "accuracy", "95 % interval", "macro-F1", "mean recall", "loss", "ECE"],
    [
      ...scoreRows(about.part, metrics),
      ...(byVotes ? scoreRows(`${about.part}, by FER+ votes`, byVotes) : []),
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

/** One row for a part and one for each further way in which it was measured. */
function scoreRows(name: string, metrics: PartMetrics): (string | number)[][] {
  const { loss, ece, calibrated } = metrics;
  const figures = (what: string, score: Score) => [
    what,
    score.images,
    formatPercent(score.accuracy),
    score.accuracyInterval.map((bound) => formatPercent(bound, 1)).join(" – "),
    formatPercent(score.macroF1),
    score.meanRecall === undefined ? "–" : formatPercent(score.meanRecall),
  ];
  const further = (["averaged", "leakFree"] as const).flatMap((view) => {
    const score = metrics[view];
    return score === undefined ? [] : [[...figures(VIEWS[view], score), "", ""]];
  });
  return [
    [...figures(name, metrics), loss.toFixed(4), ece === undefined ? "–" : formatPercent(ece, 1)],
    ...(calibrated
      ? [
          [
            `… calibrated, temperature ${calibrated.temperature.toFixed(3)}`,
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
