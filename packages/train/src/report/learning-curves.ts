import { COLOURS, escapeHtml, renderChart } from "@mien/plot";
import type { EpochRecord, RunConfig } from "@mien/format";
import { bestEpoch, isChosenByCriterion } from "../run/history.ts";
import {
  describeCurveTarget,
  hasVoteHead,
  trainingOnlyEffects,
  trainingOnlyLossTerms,
  voteShareOf,
} from "../run/training-settings.ts";
import { lineChart } from "./line-chart.ts";
import { percent } from "./numbers.ts";

/** The run whose curves are drawn. */
type DrawnRun = Pick<RunConfig, "hyperparameters"> & { readonly bestEpoch: number };

/** Loss or accuracy over the epochs, on training and validation images, as PNG. */
export function drawLearningCurves(
  history: readonly EpochRecord[],
  metric: "loss" | "accuracy",
  run: DrawnRun,
): Buffer {
  return renderChart(learningCurvesChart(history, metric, run));
}

/**
 * The chart of `drawLearningCurves`, for Chart.js.
 *
 * @internal exported for tests.
 */
export function learningCurvesChart(
  history: readonly EpochRecord[],
  metric: "loss" | "accuracy",
  run: DrawnRun,
) {
  const isLoss = metric === "loss";
  const scale = isLoss ? 1 : 100;
  const line = (label: string, key: keyof EpochRecord, colour: string | undefined) => ({
    label,
    data: history.map((record) => scale * (record[key] ?? NaN)),
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 2,
    pointRadius: history.length > 60 ? 0 : 2,
  });
  const title = isLoss ? "Loss by epoch" : "Accuracy by epoch";
  const effects = trainingOnly(run, metric);
  return {
    type: "line" as const,
    data: {
      labels: history.map((record) => record.epoch),
      datasets: [
        line(
          effects === "" ? "training" : `training (with ${effects})`,
          isLoss ? "trainLoss" : "trainAccuracy",
          COLOURS.series[1],
        ),
        line(
          `validation, by ${describeCurveTarget(run)}`,
          isLoss ? "validationLoss" : "validationAccuracy",
          COLOURS.series[0],
        ),
        ...(isLoss
          ? []
          : criterionCurves(history).map(({ name, key }, i) =>
              line(name, key, COLOURS.series[2 + i]),
            )),
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

/** The further accuracy curves of a run whose epoch is chosen by labels and votes; else none. */
function criterionCurves(history: readonly EpochRecord[]) {
  const curves = [
    { name: "validation, by labels", key: "validationAccuracyByLabels" },
    { name: "validation, by votes", key: "validationAccuracyByVotes" },
    { name: "criterion", key: "criterion" },
  ] as const;
  if (!isChosenByCriterion(history)) return [];
  return curves.filter(({ key }) => history.every((record) => record[key] !== undefined));
}

/** The differences between the training curve of a metric and its validation curve, in words. */
function trainingOnly(run: Pick<RunConfig, "hyperparameters">, metric: "loss" | "accuracy") {
  const terms = metric === "loss" ? trainingOnlyLossTerms(run) : [];
  return [...trainingOnlyEffects(run), ...terms].join(", ");
}

/** Charts of loss and accuracy over the epochs of a run, with an explanation, as HTML. */
export function learningCurves(config: RunConfig, history: readonly EpochRecord[]): string {
  const best = bestEpoch(history);
  const voteShare = voteShareOf(config);
  const target = describeCurveTarget(config);
  const charts = [
    { title: "Loss", metric: "loss", validation: "validationLoss", training: "trainLoss" },
    {
      title: "Accuracy",
      metric: "accuracy",
      validation: "validationAccuracy",
      training: "trainAccuracy",
    },
  ] as const;
  const drawn = charts.map(({ title, metric, validation, training }) => {
    const points = (key: keyof EpochRecord) =>
      history.map((e) => [e.epoch, e[key] ?? NaN] as const);
    const further = metric === "accuracy" ? criterionCurves(history) : [];
    const effects = trainingOnly(config, metric);
    return lineChart({
      title,
      unit: metric === "loss" ? "cross-entropy in nats, by epoch" : "by epoch",
      format: metric === "loss" ? String : tickPercent,
      mark: { x: best, name: `kept: epoch ${best}` },
      series: [
        { name: `validation, by ${target}`, points: points(validation) },
        { name: `training${effects === "" ? "" : `, with ${effects}`}`, points: points(training) },
        ...further.map(({ name, key }) => ({ name, points: points(key) })),
      ],
    });
  });
  const sentences = [
    `The validation curves are measured by the target of the training: ${escapeHtml(target)}.`,
    ...(hasVoteHead(config)
      ? ["The loss is the mean of the losses of both, the accuracy is that of the first head."]
      : []),
    ...(voteShare === 0 || hasVoteHead(config)
      ? []
      : [
          "The accuracy is by the most probable class of the target, the loss by the share of each class, so neither is one of the metrics above.",
        ]),
    ...trainingOnlySentences(config),
    `The dashed line marks epoch ${best}, which was kept because it has ${reasonFor(best, history)} is kept.`,
  ];
  return `<section><h2>Learning curves</h2>
<p>${sentences.join(" ")}</p>
<div class="pair">
${drawn.join("\n")}
</div></section>`;
}

/** The reason for which an epoch was kept, and the order of equal epochs. */
function reasonFor(best: number, history: readonly EpochRecord[]): string {
  if (!isChosenByCriterion(history)) {
    return "the highest accuracy on validation. Of epochs with equal accuracy, the one with the lowest loss";
  }
  const kept = history.find(({ epoch }) => epoch === best);
  const { validationAccuracyByLabels: labels, validationAccuracyByVotes: votes } = kept ?? {};
  return (
    `the highest criterion, ${percent(kept?.criterion)}: the mean of the validation accuracy by labels, ${percent(labels)}, ` +
    `and the validation accuracy by votes, ${percent(votes)}. Images whose votes have no winner are left out of the accuracy by votes. Of epochs with an equal criterion, the earliest`
  );
}

const LIST = new Intl.ListFormat("en-GB");

function trainingOnlySentences(config: RunConfig): string[] {
  const effects = trainingOnlyEffects(config);
  const terms = trainingOnlyLossTerms(config);
  return [
    ...(effects.length === 0
      ? []
      : [
          `The training curves are measured with ${effects.join(" and ")}, so they may be worse than the validation curves.`,
        ]),
    ...(terms.length === 0
      ? []
      : [`The training loss is with ${LIST.format(terms)}, so the two losses cannot be compared.`]),
  ];
}

/** `12.5 %` for 0.125, `50 %` for 0.5. */
export function tickPercent(share: number): string {
  return percent(share, 1).replace(".0", "");
}
