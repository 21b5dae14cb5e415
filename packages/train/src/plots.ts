import { COLOURS, drawHeatmap, renderChart } from "@mien/plot";
import type { EpochRecord, PartMetrics } from "@mien/format";
import { normalisedConfusion } from "./metrics.ts";

/** Loss or accuracy over the epochs, on training and validation images, as PNG. */
export function drawCurves(
  history: readonly EpochRecord[],
  what: "loss" | "accuracy",
  bestEpoch: number,
): Buffer {
  const isLoss = what === "loss";
  const scale = isLoss ? 1 : 100;
  const line = (label: string, key: keyof EpochRecord, colour: string | undefined) => ({
    label,
    data: history.map((record) => scale * record[key]),
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 2,
    pointRadius: history.length > 60 ? 0 : 2,
  });
  const title = isLoss ? "Loss by epoch" : "Accuracy by epoch";
  return renderChart({
    type: "line",
    data: {
      labels: history.map((record) => record.epoch),
      datasets: [
        line(
          "training (augmented, with dropout)",
          isLoss ? "trainLoss" : "trainAccuracy",
          COLOURS.series[1],
        ),
        line("validation", isLoss ? "validationLoss" : "validationAccuracy", COLOURS.series[0]),
      ],
    },
    options: {
      plugins: { title: { display: true, text: `${title} (best: epoch ${bestEpoch})` } },
      scales: {
        x: { title: { display: true, text: "epoch" } },
        y: { title: { display: true, text: isLoss ? "cross-entropy (nats)" : "accuracy (%)" } },
      },
    },
  });
}

/** A confusion matrix as shares of each actual class, as PNG. */
export function drawConfusion(
  metrics: PartMetrics,
  classes: readonly string[],
  part: string,
): Buffer {
  return drawHeatmap({
    values: normalisedConfusion(metrics.confusion),
    rows: classes,
    columns: classes,
    title: `Confusion on ${part}: ${(100 * metrics.accuracy).toFixed(2)} % of ${metrics.images} right`,
    rowTitle: "actual",
    columnTitle: "predicted",
  });
}
