import { COLOURS, drawHeatmap, renderChart } from "@mien/plot";
import type { EpochRecord, PartMetrics, RunConfig } from "@mien/format";
import { normalisedConfusion } from "../score/metrics.ts";
import { targetOf, trainingExtras, trainingNoise, voteShareOf } from "../score/target-of.ts";

/** The run whose curves are drawn. */
type DrawnRun = Pick<RunConfig, "hyperparameters"> & { readonly bestEpoch: number };

/** Loss or accuracy over the epochs, on training and validation images, as PNG. */
export function drawCurves(
  history: readonly EpochRecord[],
  what: "loss" | "accuracy",
  run: DrawnRun,
): Buffer {
  return renderChart(curvesChart(history, what, run));
}

/** What `drawCurves` draws, for Chart.js. */
export function curvesChart(
  history: readonly EpochRecord[],
  what: "loss" | "accuracy",
  run: DrawnRun,
) {
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
  const extras = isLoss ? trainingExtras(run) : "";
  const noise = [...trainingNoise(run), ...(extras === "" ? [] : [extras])].join(", ");
  return {
    type: "line" as const,
    data: {
      labels: history.map((record) => record.epoch),
      datasets: [
        line(
          noise === "" ? "training" : `training (with ${noise})`,
          isLoss ? "trainLoss" : "trainAccuracy",
          COLOURS.series[1],
        ),
        line(
          `validation, by ${targetOf(voteShareOf(run))}`,
          isLoss ? "validationLoss" : "validationAccuracy",
          COLOURS.series[0],
        ),
      ],
    },
    options: {
      plugins: { title: { display: true, text: `${title} (best: epoch ${run.bestEpoch})` } },
      scales: {
        x: { title: { display: true, text: "epoch" } },
        y: { title: { display: true, text: isLoss ? "cross-entropy (nats)" : "accuracy (%)" } },
      },
    },
  };
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
