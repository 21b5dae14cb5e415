import { imageAt, type ImageSet } from "@mien/format";
import { escapeHtml } from "@mien/plot";
import { predictedClasses } from "../score/predicted-classes.ts";
import type { Predictions } from "../score/predictions.ts";
import { percent } from "./numbers.ts";
import { encodePng } from "./png.ts";

/** An image whose predicted class is not its label. */
interface MisclassifiedImage {
  /** Index among the predictions. */
  readonly index: number;
  /** The CSV row that the image came from. */
  readonly row: number;
  readonly label: number;
  readonly predicted: number;
  /** The probability of the predicted class, 0–1. */
  readonly confidence: number;
}

/** The misclassified images with the highest confidence, highest first; at most `most` of them. */
export function mostConfidentErrors(predictions: Predictions, most: number): MisclassifiedImage[] {
  const { labels, probabilities, row } = predictions;
  const classes = predictions.classes.length;
  const predictedAll = predictedClasses(probabilities, classes);
  return Array.from(labels, (label, index) => {
    const predicted = predictedAll[index] ?? 0;
    const confidence = probabilities[index * classes + predicted] ?? 0;
    return { index, row: row[index] ?? 0, label, predicted, confidence };
  })
    .filter(({ label, predicted }) => predicted !== label)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, most);
}

/** Misclassified images with prediction, label and vote, as HTML. */
export function misclassifiedGallery(
  set: ImageSet,
  predictions: Predictions,
  errors: readonly MisclassifiedImage[],
): string {
  const { classes, votes } = predictions;
  const nameOf = (label: number) => escapeHtml(classes[label] ?? "");
  const positions = new Map(Array.from(set.row, (csvRow, position) => [csvRow, position]));
  const figures = errors.map(({ index, row, label, predicted, confidence }) => {
    const position = positions.get(row);
    if (position === undefined) throw new Error(`the set does not hold CSV row ${row}`);
    const png = encodePng(imageAt(set, position), set).toString("base64");
    const vote = votes?.[index];
    const voters =
      vote === undefined
        ? ""
        : `<span>votes: ${vote < 0 ? "none of these, or a tie" : nameOf(vote)}</span>`;
    return `<figure class="card"><img alt="CSV row ${row}" title="CSV row ${row}" src="data:image/png;base64,${png}">
<div><b>${nameOf(predicted)}</b> ${percent(confidence, 0)}<span>label: ${nameOf(label)}</span>${voters}</div></figure>`;
  });
  return `<div class="misclassified">${figures.join("\n")}</div>`;
}
