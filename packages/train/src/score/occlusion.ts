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
 *   if a patch covers the pixel, mean over the patches that cover it; −1 to 1, negative where the
 *   patch raises the probability.
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
    const [sums, counts] = [new Float32Array(height * width), new Float32Array(height * width)];
    patches.forEach(({ top, left }, i) => {
      const drop = probabilityAt(0) - probabilityAt(1 + i);
      for (let row = top; row < top + rows.length; row++) {
        for (let at = row * width + left; at < row * width + left + columns.length; at++) {
          sums[at]! += drop;
          counts[at]! += 1;
        }
      }
    });
    maps.push(sums.map((sum, at) => sum / itemAt(counts, at)));
  }
  return maps;
}

/** The length of a patch along one side of an image, and where patches start; they cover the side. */
function patchesAlong(side: number): { length: number; starts: number[] } {
  const length = Math.max(1, Math.round(PATCH * side));
  const step = Math.max(1, Math.round(length / 2));
  const count = Math.ceil((side - length) / step) + 1;
  return {
    length,
    starts: Array.from({ length: count }, (_, i) => Math.min(i * step, side - length)),
  };
}
