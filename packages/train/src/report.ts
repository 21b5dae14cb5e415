import { formatPercent, type Terminal } from "@mien/cli";
import type { PartMetrics } from "@mien/format";

/** Prints what a model scored: the overall figures, then recall by class. */
export function reportMetrics(
  terminal: Terminal,
  metrics: PartMetrics,
  about: { readonly part: string; readonly classes: readonly string[] },
): void {
  const [low, high] = metrics.accuracyInterval;
  terminal.table(
    ["part", "images", "accuracy", "95 % interval", "macro-F1", "loss"],
    [
      [
        about.part,
        metrics.images,
        formatPercent(metrics.accuracy),
        `${formatPercent(low, 1)} – ${formatPercent(high, 1)}`,
        formatPercent(metrics.macroF1),
        metrics.loss.toFixed(4),
      ],
    ],
  );
  terminal.table(
    ["class", "images", "recall"],
    about.classes.map((name, i) => {
      const recall = metrics.recall[i];
      const images = metrics.confusion[i]?.reduce((sum, count) => sum + count, 0) ?? 0;
      return [
        name,
        images,
        recall === null || recall === undefined ? "–" : formatPercent(recall, 1),
      ];
    }),
  );
}
