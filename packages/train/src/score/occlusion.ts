import { imageAt, imageSize, itemAt, type ImageSet } from "@mien/format";
import type { TrainedModel } from "../network/trained-model.ts";
import { total } from "./total.ts";

/** Height and width of the patch, as a share of the image: 8 pixels of 48. */
const PATCH = 1 / 6;

/** An image and the class whose probability is observed. */
interface ObservedImage {
  /** Index of the image in the set. */
  readonly position: number;
  readonly predicted: number;
}

/**
 * The occlusion maps of some images (Zeiler and Fergus, ECCV 2014, section 4.2): they show which
 * parts of an image a prediction depends on, for any model.
 *
 * A grey patch is moved over the image by half of its size, and the image is predicted again at each
 * place: 121 times for 48×48 pixels. The grey is the mean of all values of the image, so that the
 * patch is neither a light nor a dark spot. A patch has a sixth of the height and of the width of
 * the image, so that the number of predictions does not depend on the size of the image.
 *
 * @returns for each image [height, width] row-major: by how much the probability of the class drops
 *   if a patch covers the pixel; −1 to 1, negative where the patch raises the probability. It is the
 *   mean over the patches that cover the pixel, where the nearest patch counts most, so that the
 *   maps are smooth.
 */
export async function occlusionMaps(
  model: Pick<TrainedModel, "predict" | "classes">,
  set: ImageSet,
  images: readonly ObservedImage[],
): Promise<Float32Array[]> {
  const { height, width, channels } = set;
  const size = imageSize(set);
  const rows = patchesAlong(height);
  const columns = patchesAlong(width);
  const patches = rows.starts.flatMap((top) => columns.starts.map((left) => ({ top, left })));
  const maps: Float32Array[] = [];
  for (const { position, predicted } of images) {
    const pixels = imageAt(set, position);
    const grey = total([...pixels]) / size;
    // The image itself, then one copy for each place of the patch.
    const batch = new Float32Array((1 + patches.length) * size);
    for (let at = 0; at < batch.length; at += size) batch.set(pixels, at);
    patches.forEach(({ top, left }, i) => {
      for (let row = top; row < top + rows.length; row++) {
        const from = (1 + i) * size + (row * width + left) * channels;
        batch.fill(grey, from, from + columns.length * channels);
      }
    });
    const probabilities = await model.predict(batch, 1 + patches.length);
    const probabilityAt = (i: number) =>
      itemAt(probabilities, i * model.classes.length + predicted);
    const [sums, weights] = [new Float32Array(height * width), new Float32Array(height * width)];
    patches.forEach(({ top, left }, i) => {
      const drop = probabilityAt(0) - probabilityAt(1 + i);
      rows.weights.forEach((ofRow, row) =>
        columns.weights.forEach((ofColumn, column) => {
          const at = (top + row) * width + left + column;
          sums[at]! += ofRow * ofColumn * drop;
          weights[at]! += ofRow * ofColumn;
        }),
      );
    });
    maps.push(sums.map((sum, at) => sum / itemAt(weights, at)));
  }
  return maps;
}

/** The patches along one side of an image, which they cover together. */
interface Patches {
  /** In pixels. */
  readonly length: number;
  /** The first pixel of each patch. */
  readonly starts: readonly number[];
  /** [length], the weight of a patch at its pixels: 1 in its middle, falling to 0 outside. */
  readonly weights: readonly number[];
}

function patchesAlong(side: number): Patches {
  const length = Math.max(1, Math.round(PATCH * side));
  const step = Math.max(1, Math.round(length / 2));
  const count = Math.ceil((side - length) / step) + 1;
  return {
    length,
    starts: Array.from({ length: count }, (_, i) => Math.min(i * step, side - length)),
    weights: Array.from({ length }, (_, i) => 1 - Math.abs((2 * i + 1) / length - 1)),
  };
}
