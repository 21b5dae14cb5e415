import { imageAt, type ImageSet } from "@mien/format";
import { escapeHtml } from "@mien/plot";
import { predictedClasses } from "../score/metrics.ts";
import { percent } from "./numbers.ts";
import type { Predictions } from "../score/predictions.ts";
import { encodePng } from "./png.ts";

/** An image on which a model was sure and wrong. */
export interface Mistake {
  /** Place among the predictions. */
  readonly index: number;
  readonly predicted: number;
  /** How sure the model was, 0–1. */
  readonly confidence: number;
}

/** The wrong answers that the model was surest of, worst first; at most `most` of them. */
export function worstMistakes(predictions: Predictions, most: number): Mistake[] {
  const { labels, probabilities } = predictions;
  const classes = predictions.classes.length;
  return Array.from(predictedClasses(probabilities, classes), (predicted, index) => {
    return { index, predicted, confidence: probabilities[index * classes + predicted] as number };
  })
    .filter(({ index, predicted }) => predicted !== labels[index])
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, most);
}

/** Mistakes as pictures with what was said about them, as HTML. */
export function mistakeGallery(
  set: ImageSet,
  predictions: Predictions,
  mistakes: readonly Mistake[],
): string {
  const { classes, labels, votes, row } = predictions;
  const positions = new Map(Array.from(set.row, (csvRow, position) => [csvRow, position]));
  const figures = mistakes.map(({ index, predicted, confidence }) => {
    const position = positions.get(row[index] as number) as number;
    const png = encodePng(imageAt(set, position), set).toString("base64");
    const label = escapeHtml(classes[labels[index] as number] as string);
    const vote = votes?.[index];
    const voters =
      vote === undefined
        ? ""
        : `<span>voters: ${vote < 0 ? "none of these, or a tie" : escapeHtml(classes[vote] as string)}</span>`;
    return `<figure class="card"><img alt="CSV row ${row[index]}" title="CSV row ${row[index]}" src="data:image/png;base64,${png}">
<div><b>${escapeHtml(classes[predicted] as string)}</b> ${percent(confidence, 0)}<span>label: ${label}</span>${voters}</div></figure>`;
  });
  return `<div class="mistakes">${figures.join("\n")}</div>`;
}
