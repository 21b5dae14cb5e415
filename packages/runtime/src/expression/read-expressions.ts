import { prepareImages } from "@mien/format";
import type { Box } from "../image/box.ts";
import type { ExpressionClassifier } from "./expression-classifier.ts";
import { EXPRESSION_MARGIN, regionOf } from "../image/face-region.ts";
import { crop } from "../image/crop.ts";
import type { Picture } from "../image/picture.ts";

/** The faces whose expressions are to be read. */
export interface FacesToRead {
  readonly picture: Picture;
  readonly boxes: readonly Box[];
  /** Whether to average the probabilities of each face with those of its mirror image. */
  readonly mirror: boolean;
}

/**
 * Reads the expressions of faces in a picture.
 *
 * @returns the probabilities of each face, in the order of the labels.
 */
export async function readExpressions(
  classifier: ExpressionClassifier,
  { picture, boxes, mirror }: FacesToRead,
): Promise<Float32Array[]> {
  if (boxes.length === 0) return [];
  const { input } = classifier.metadata;
  const { length: classes } = classifier.labels;
  const batch = prepareImages(
    boxes.map((box) => crop(picture, regionOf(box, EXPRESSION_MARGIN))),
    input,
  );
  const probabilities = await classifier.run(batch, boxes.length);
  if (mirror) {
    const mirrored = mirrorRows(batch, input);
    const others = await classifier.run(mirrored, boxes.length);
    for (const [i, other] of others.entries()) {
      probabilities[i] = ((probabilities[i] ?? 0) + other) / 2;
    }
  }
  return boxes.map((_, i) => probabilities.subarray(i * classes, (i + 1) * classes));
}

/** Reverses every row of [N, height, width, channels]. */
function mirrorRows(
  batch: Float32Array,
  { width, channels }: { readonly width: number; readonly channels: number },
): Float32Array {
  const mirrored = new Float32Array(batch.length);
  for (let start = 0; start < batch.length; start += width * channels) {
    for (let x = 0; x < width; x++) {
      const pixel = start + x * channels;
      const target = start + (width - 1 - x) * channels;
      mirrored.set(batch.subarray(pixel, pixel + channels), target);
    }
  }
  return mirrored;
}
