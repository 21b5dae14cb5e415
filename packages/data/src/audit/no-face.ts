import { imageAt, imageCount, itemAt, random, shuffle, type ImageSet } from "@mien/format";
import { momentsOf } from "../near/moments.ts";
import { groupCopies } from "../near/group-copies.ts";

/** Side of the reduced images that are compared, in pixels. */
const SIDE = 24;
/** Number of principal components. More than 96 describe textures, too. */
const COMPONENTS = 96;
/** Images of the sample for each component; with fewer, single images become components. */
const IMAGES_PER_COMPONENT = 40;
/** Largest number of images from which the components are computed. */
const SAMPLE = 8000;
/** Passes of the subspace iteration; the residuals no longer change. */
const PASSES = 12;
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
  const { mean, components } = principalComponents(reduced, { size, sample, seed });
  const centred = new Float64Array(size);
  return deviations.map((deviation, i) => {
    if (deviation < BLANK_BELOW) return Infinity;
    for (let p = 0; p < size; p++) centred[p] = itemAt(reduced, i * size + p) - itemAt(mean, p);
    let residual = dot(centred, centred);
    for (const component of components) residual -= dot(centred, component) ** 2;
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

/** The mean and the first principal components of a sample, by subspace iteration. */
function principalComponents(
  data: Float32Array,
  from: { readonly size: number; readonly sample: Uint32Array; readonly seed: number },
): { readonly mean: Float64Array; readonly components: readonly Float64Array[] } {
  const { size, sample, seed } = from;
  const mean = new Float64Array(size);
  for (const i of sample) {
    for (let p = 0; p < size; p++) {
      mean[p] = itemAt(mean, p) + itemAt(data, i * size + p) / sample.length;
    }
  }
  const covariance = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (const i of sample) {
    for (let p = 0; p < size; p++) centred[p] = itemAt(data, i * size + p) - itemAt(mean, p);
    for (let p = 0; p < size; p++) {
      const factor = centred[p] ?? 0;
      for (let q = p; q < size; q++) {
        covariance[p * size + q] = (covariance[p * size + q] ?? 0) + factor * (centred[q] ?? 0);
      }
    }
  }
  for (let p = 0; p < size; p++) {
    for (let q = 0; q < p; q++) covariance[p * size + q] = covariance[q * size + p] ?? 0;
  }
  const stream = random("components", seed);
  const wanted = Math.min(COMPONENTS, Math.floor(sample.length / IMAGES_PER_COMPONENT));
  let components: Float64Array[] = Array.from({ length: wanted }, () =>
    Float64Array.from({ length: size }, () => stream.normal()),
  );
  for (let pass = 0; pass < PASSES; pass++) {
    components = orthonormal(
      components.map((component) =>
        Float64Array.from({ length: size }, (_, p) =>
          dot(covariance.subarray(p * size, (p + 1) * size), component),
        ),
      ),
    );
  }
  return { mean, components };
}

/** Vectors of length 1 at right angles that span the same space (Gram–Schmidt); zeros are left out. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const result: Float64Array[] = [];
  for (const vector of vectors) {
    const before = Math.sqrt(dot(vector, vector));
    for (const other of result) {
      const part = dot(vector, other);
      for (let p = 0; p < vector.length; p++) vector[p] = (vector[p] ?? 0) - part * (other[p] ?? 0);
    }
    const length = Math.sqrt(dot(vector, vector));
    if (length > 1e-9 * before && length > 0) result.push(vector.map((value) => value / length));
  }
  return result;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += (a[p] ?? 0) * (b[p] ?? 0);
  return sum;
}
