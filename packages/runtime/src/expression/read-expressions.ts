import { prepareImages } from "@mien/format";
import type { Box } from "../image/box.ts";
import type { ExpressionClassifier } from "./expression-classifier.ts";
import { EXPRESSION_MARGIN, regionOf } from "../image/face-region.ts";
import { cut } from "../image/picture.ts";
import type { Picture } from "../image/shrink.ts";

/**
 * Reads the expressions of faces in a picture.
 *
 * @param mirror whether to average the answers for the face and its mirror image.
 * @returns probabilities of each face, in the order of the labels.
 */
export async function readExpressions(
  classifier: ExpressionClassifier,
  picture: Picture,
  boxes: readonly Box[],
  mirror: boolean,
): Promise<Float32Array[]> {
  if (boxes.length === 0) return [];
  const { input } = classifier.metadata;
  const { length: classes } = classifier.labels;
  const batch = prepareImages(
    boxes.map((box) => cut(picture, regionOf(box, EXPRESSION_MARGIN))),
    input,
  );
  const answers = await classifier.run(batch, boxes.length);
  if (mirror) {
    const { height, width, channels } = input;
    const flipped = mirrored(batch, width, channels, boxes.length * height);
    const others = await classifier.run(flipped, boxes.length);
    others.forEach((value, i) => (answers[i] = ((answers[i] as number) + value) / 2));
  }
  return boxes.map((_, i) => answers.subarray(i * classes, (i + 1) * classes));
}

/** [rows, width, channels] with every row turned around. */
function mirrored(batch: Float32Array, width: number, channels: number, rows: number) {
  const out = new Float32Array(batch.length);
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const from = (row * width + x) * channels;
      out.set(batch.subarray(from, from + channels), (row * width + width - 1 - x) * channels);
    }
  }
  return out;
}
