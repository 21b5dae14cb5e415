import type { EpochRecord, RunConfig } from "@mien/format";
import { escapeHtml } from "@mien/plot";
import { bestEpoch } from "../run/history.ts";
import { percent } from "./numbers.ts";
import { targetOf, trainingExtras, trainingNoise, voteShareOf } from "../score/target-of.ts";
import { lineChart } from "./score-charts.ts";

/** How loss and accuracy went over the epochs of a run, and by what they are judged, as HTML. */
export function learningCurves(config: RunConfig, history: readonly EpochRecord[]): string {
  const best = bestEpoch(history);
  const voteShare = voteShareOf(config);
  const target = targetOf(voteShare);
  const extras = trainingExtras(config);
  const noise = trainingNoise(config);
  const charts = [
    { title: "Loss", validation: "validationLoss", training: "trainLoss" },
    { title: "Accuracy", validation: "validationAccuracy", training: "trainAccuracy" },
  ] as const;
  const drawn = charts.map(({ title, validation, training }) => {
    const points = (key: keyof EpochRecord) => history.map((e) => [e.epoch, e[key]] as const);
    const isLoss = title === "Loss";
    const extra = [...noise, ...(isLoss && extras !== "" ? [extras] : [])].join(", ");
    return lineChart({
      title,
      unit: isLoss ? "cross-entropy in nats, by epoch" : "by epoch",
      format: isLoss ? String : tickPercent,
      mark: { x: best, name: `kept: epoch ${best}` },
      series: [
        { name: `validation, by ${target}`, points: points(validation) },
        { name: `training${extra === "" ? "" : `, with ${extra}`}`, points: points(training) },
      ],
    });
  });
  return `<section><h2>Learning curves</h2>
<p>The validation curves are measured by what the model was trained on: ${escapeHtml(target)}.${
    voteShare === 0
      ? ""
      : " The accuracy is by their most probable class, the loss against the share of each class, so neither is one of the scores above."
  }${noise.length === 0 ? "" : ` Training figures are measured with ${noise.join(" and ")}, so they may lie below validation.`}${
    extras === "" ? "" : ` Their loss is with ${extras}, so the two losses do not compare.`
  } The dashed line marks epoch ${best}, which was kept because it is the most accurate on validation. Between equally accurate epochs, the one with the lowest loss is kept.</p>
<div class="pair">
${drawn.join("\n")}
</div></section>`;
}

/** `12.5 %` for 0.125, `50 %` for 0.5. */
export function tickPercent(share: number): string {
  return percent(share, 1).replace(".0", "");
}
