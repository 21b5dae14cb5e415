import { imageAt, itemAt, type ImageSet } from "@mien/format";
import { escapeHtml } from "@mien/plot";
import { predictedClasses } from "../score/predicted-classes.ts";
import type { Predictions } from "../score/predictions.ts";
import { percent } from "./numbers.ts";
import { drawOcclusion, dropText, occlusionLegend } from "./occlusion-overlay.ts";
import { encodePng } from "./png.ts";

/** An image whose predicted class is not its label. */
interface MisclassifiedImage {
  /** Index among the predictions. */
  readonly index: number;
  /** Index in the set. */
  readonly position: number;
  /** The CSV row that the image came from. */
  readonly row: number;
  readonly label: number;
  readonly predicted: number;
  /** The probability of the predicted class, 0–1. */
  readonly confidence: number;
}

/** The misclassified images with the highest confidence, highest first; at most `most` of them. */
export function mostConfidentErrors(
  set: ImageSet,
  predictions: Predictions,
  most: number,
): MisclassifiedImage[] {
  const { labels, probabilities, row } = predictions;
  const classes = predictions.classes.length;
  const predictedAll = predictedClasses(probabilities, classes);
  const positions = new Map(Array.from(set.row, (csvRow, position) => [csvRow, position]));
  return Array.from(labels, (label, index) => {
    const predicted = itemAt(predictedAll, index);
    const confidence = itemAt(probabilities, index * classes + predicted);
    return { index, row: itemAt(row, index), label, predicted, confidence };
  })
    .filter(({ label, predicted }) => predicted !== label)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, most)
    .map((error) => {
      const position = positions.get(error.row);
      if (position === undefined) throw new Error(`the set does not hold CSV row ${error.row}`);
      return { ...error, position };
    });
}

/**
 * Misclassified images with prediction, label and vote, as HTML.
 *
 * @param errors of `predictions`, with the occlusion map of each; without maps, only the images are
 *   shown.
 */
export function misclassifiedGallery(
  set: ImageSet,
  predictions: Predictions,
  errors: readonly (MisclassifiedImage & { readonly occlusion?: Float32Array | undefined })[],
): string {
  const { classes, votes } = predictions;
  const nameOf = (label: number) => escapeHtml(itemAt(classes, label));
  const figures = errors.map(
    ({ index, position, row, label, predicted, confidence, occlusion }) => {
      const image = imageAt(set, position);
      const pictures = [
        picture(encodePng(image, set), `CSV row ${row}`),
        ...(occlusion
          ? [picture(drawOcclusion(image, occlusion, set), `occlusion map of CSV row ${row}`)]
          : []),
      ];
      const vote = votes?.[index];
      const lines = [
        `label: ${nameOf(label)}`,
        ...(vote === undefined
          ? []
          : [`votes: ${vote < 0 ? "none of these, or a tie" : nameOf(vote)}`]),
        ...(occlusion ? [dropText(occlusion)] : []),
      ];
      return `<figure class="card"><div class="pictures">${pictures.join("")}</div>
<div class="about"><b>${nameOf(predicted)}</b> ${percent(confidence, 0)}${lines.map((line) => `<span>${line}</span>`).join("")}</div></figure>`;
    },
  );
  const hasMaps = errors.some(({ occlusion }) => occlusion !== undefined);
  return `${hasMaps ? occlusionLegend() : ""}
<div class="misclassified${hasMaps ? " occluded" : ""}">${figures.join("\n")}</div>`;
}

function picture(png: Buffer, text: string): string {
  return `<img alt="${text}" title="${text}" src="data:image/png;base64,${png.toString("base64")}">`;
}
