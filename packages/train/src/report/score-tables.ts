import type { PartMetrics, Score } from "@mien/format";
import { escapeHtml, htmlTable } from "@mien/plot";
import { bootstrapInterval } from "../score/bootstrap.ts";
import { normalisedConfusion } from "../score/metrics.ts";
import { count, percent } from "./numbers.ts";

/** Every way in which the parts were measured, one row each. */
export function scoreTable(parts: {
  readonly validation: PartMetrics;
  readonly test: PartMetrics | undefined;
}): string {
  const rows = Object.entries(parts).flatMap(([name, metrics]) =>
    metrics === undefined
      ? []
      : [
          ...partRows(`${name}, by labels`, metrics),
          ...(metrics.byVotes ? partRows(`${name}, by FER+ votes`, metrics.byVotes) : []),
        ],
  );
  return htmlTable(
    ["", "images", "accuracy", "95 % interval", "macro-F1", "mean recall", "loss", "ECE"],
    rows,
  );
}

function partRows(name: string, metrics: PartMetrics): string[][] {
  const figures = (what: string, score: Score, rest: readonly string[]) => [
    what,
    count(score.images),
    percent(score.accuracy),
    score.accuracyInterval.map((bound) => percent(bound, 1)).join(" – "),
    percent(score.macroF1, 1),
    percent(score.meanRecall, 1),
    ...rest,
  ];
  const { averaged, leakFree, calibrated, loss, ece } = metrics;
  const between = (figure: "macroF1" | "meanRecall") =>
    bootstrapInterval(metrics.confusion, figure)
      .map((bound) => (100 * bound).toFixed(1))
      .join(" – ");
  return [
    figures(`<b>${escapeHtml(name)}</b>`, metrics, [loss.toFixed(4), percent(ece, 1)]),
    ["&emsp;95 % interval", "", "", "", between("macroF1"), between("meanRecall"), "", ""],
    ...(calibrated
      ? [
          [
            "&emsp;calibrated",
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
    ...(averaged ? [figures("&emsp;mirror and crops averaged", averaged, ["", ""])] : []),
    ...(leakFree ? [figures("&emsp;without copies in training", leakFree, ["", ""])] : []),
  ];
}

/** Recall, precision and F1 of each class, and by votes too where they are known. */
export function classTable(metrics: PartMetrics, classes: readonly string[]): string {
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

function classFigures({ confusion, recall, precision, f1 }: PartMetrics, c: number): string[] {
  const images = confusion[c]?.reduce((sum, n) => sum + n, 0) ?? 0;
  const shares = [recall[c], precision?.[c], f1?.[c]];
  return [count(images), ...shares.map((share) => percent(share, 1))];
}

/** A normalised confusion matrix with the numbers of images below the shares. */
export function confusionTable(
  confusion: PartMetrics["confusion"],
  classes: readonly string[],
): string {
  const rows = normalisedConfusion(confusion).map((shares, actual) => {
    const cells = shares.map((share, predicted) => {
      const strength = Number.isNaN(share) ? 0 : Math.round(100 * share);
      const colour = strength >= 60 ? "var(--heat-text)" : "inherit";
      return `<td style="background: color-mix(in srgb, var(--heat) ${strength}%, var(--card)); color: ${colour}">${Number.isNaN(share) ? "–" : share.toFixed(2)}<small>${confusion[actual]?.[predicted] ?? 0}</small></td>`;
    });
    return `<tr><th scope="row">${escapeHtml(classes[actual] as string)}</th>${cells.join("")}</tr>`;
  });
  const head = classes.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  return `<div class="scroll card confusion"><table><thead><tr><th>actual ↓ answer →</th>${head}</tr></thead>
<tbody>${rows.join("\n")}</tbody></table></div>`;
}
