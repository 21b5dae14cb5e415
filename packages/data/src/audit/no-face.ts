import { imageAt, imageCount, itemAt, random, shuffle, type ImageSet } from "@mien/format";
import { principalAxes } from "../map/principal-components.ts";
import { groupCopies } from "../near/group-copies.ts";
import { momentsOf } from "../near/moments.ts";

/** Side of the reduced images that are compared, in pixels. */
const SIDE = 24;
/** Number of principal components. More than 96 describe textures, too. */
const COMPONENTS = 96;
/** Images of the sample for each component; with fewer, single images become components. */
const IMAGES_PER_COMPONENT = 40;
/** Largest number of images from which the components are computed. */
const SAMPLE = 8000;
/** Rounds of the iteration for the components; the residuals no longer change. */
const ROUNDS = 12;
/** Added to the standard deviation of an image, so that the noise of a flat image is not amplified. */
const LEAST_DEVIATION = 4;
/** Standard deviation below which an image is blank. */
const BLANK_BELOW = 5;

/**
 * How little each image looks like the others: the share of an image that the first 96 principal
 * components of all images cannot describe (fewer for a set of less than 4,000 images). Faces that are cut out alike are described well;
 * drawings, text, hands and other things are not (eigenfaces: Turk and Pentland, J. Cognitive
 * Neuroscience 1991, “distance from face space”). Images are reduced to 24×24 grey pixels and to the
 * same brightness and contrast before. Copies count once in the components, so that a picture that
 * occurs often does not become a component.
 *
 * @returns [N], 0 or more; blank images, which show nothing, have Infinity.
 */
export function rateNoFaces(set: ImageSet, seed = 1): Float64Array {
  const count = imageCount(set);
  const size = SIDE * SIDE;
  const reduced = new Float32Array(count * size);
  const deviations = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    deviations[i] = reduceImage(set, i, reduced.subarray(i * size, (i + 1) * size));
  }
  const copies = new Set(groupCopies(set).flatMap(([, ...others]) => others));
  const distinct = Uint32Array.from(Array.from(deviations.keys()).filter((i) => !copies.has(i)));
  const sample = shuffle(distinct, random("no-face", seed)).subarray(0, SAMPLE);
  const wanted = Math.min(COMPONENTS, Math.floor(sample.length / IMAGES_PER_COMPONENT));
  const vectors = { values: reduced, width: size };
  const { mean, axes } = principalAxes(vectors, sample, { wanted, seed, rounds: ROUNDS });
  const centred = new Float64Array(size);
  return deviations.map((deviation, i) => {
    if (deviation < BLANK_BELOW) return Infinity;
    for (let p = 0; p < size; p++) centred[p] = itemAt(reduced, i * size + p) - itemAt(mean, p);
    let residual = dot(centred, centred);
    for (let at = 0; at < axes.length; at += size) {
      residual -= dot(centred, axes.subarray(at, at + size)) ** 2;
    }
    return Math.max(0, residual) / size;
  });
}

/**
 * Writes an image as 24×24 grey values with mean 0 and standard deviation about 1.
 *
 * @returns the standard deviation of its values before, 0–127.5.
 */
function reduceImage(set: ImageSet, index: number, to: Float32Array): number {
  const { height, width, channels } = set;
  const pixels = imageAt(set, index);
  for (let y = 0; y < SIDE; y++) {
    const rows = range(y, height);
    for (let x = 0; x < SIDE; x++) {
      const columns = range(x, width);
      let total = 0;
      for (let v = rows.from; v < rows.to; v++) {
        for (let u = columns.from * channels; u < columns.to * channels; u++) {
          total += pixels[v * width * channels + u] ?? 0;
        }
      }
      const area = (rows.to - rows.from) * (columns.to - columns.from) * channels;
      to[y * SIDE + x] = total / area;
    }
  }
  // The deviation of the reduced image: fine patterns, which vanish in it, would else become flat.
  const reduced = momentsOf(to);
  to.forEach(
    (value, p) => (to[p] = (value - reduced.mean) / (reduced.deviation + LEAST_DEVIATION)),
  );
  return momentsOf(pixels).deviation;
}

/** The pixels that a pixel of the reduced image averages; at least one. */
function range(at: number, length: number): { readonly from: number; readonly to: number } {
  const from = Math.min(length - 1, Math.floor((at * length) / SIDE));
  return { from, to: Math.max(from + 1, Math.floor(((at + 1) * length) / SIDE)) };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += (a[p] ?? 0) * (b[p] ?? 0);
  return sum;
}
