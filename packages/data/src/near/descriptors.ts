import { itemAt } from "@mien/format";
import { THUMBNAIL_SIDE as SIDE } from "./thumbnails.ts";

/** Frequencies of the cosine transform along each side of an image, from 0. */
const FREQUENCIES = 8;
/**
 * Standard deviation of the blur, as a share of the side: 3 pixels of 48. It makes the descriptors of
 * an image and of its moved copy similar.
 */
const BLUR = 3 / 48;
/** Number of components: all frequencies but the mean. */
export const COMPONENTS = FREQUENCIES ** 2 - 1;
/** Small changes of an image whose effect on its descriptor is known: moved along x, along y, scaled. */
const MOVES = 3;

/**
 * Short descriptions of images, in which the distance between near-copies is small: the low
 * frequencies of the cosine transform, scaled to length 1.
 *
 * A mirrored image has the same even components, and the odd ones with the other sign.
 */
export interface Descriptors {
  /** [image, component]: the even components, then the odd ones; each sorted by variance. */
  readonly values: Float32Array;
  /** Number of even components. */
  readonly even: number;
  /** [component], the frequency of each component. */
  readonly order: readonly number[];
}

/** Computes the descriptors of images. @param thumbnails as from `makeThumbnails`. */
export function describeImages(thumbnails: Float32Array): Descriptors {
  const area = SIDE * SIDE;
  const count = thumbnails.length / area;
  const frequencies = Array.from({ length: COMPONENTS }, (_, i) => i + 1);
  const even = frequencies.filter((at) => (at % FREQUENCIES) % 2 === 0).length;
  const unsorted = new Float32Array(count * COMPONENTS);
  const image = new Float64Array(area);
  const found = new Float64Array(COMPONENTS + 1);
  for (let n = 0; n < count; n++) {
    image.set(thumbnails.subarray(n * area, (n + 1) * area));
    transform(image, found);
    scaleToOne(found.subarray(1));
    unsorted.set(found.subarray(1), n * COMPONENTS);
  }
  const variance = frequencies.map((at) => varianceOf(unsorted, at - 1));
  const isOdd = (at: number) => (at % FREQUENCIES) % 2;
  const order = frequencies.toSorted(
    (a, b) => isOdd(a) - isOdd(b) || itemAt(variance, b - 1) - itemAt(variance, a - 1),
  );
  const values = new Float32Array(count * COMPONENTS);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < COMPONENTS; i++) {
      values[n * COMPONENTS + i] = itemAt(unsorted, n * COMPONENTS + itemAt(order, i) - 1);
    }
  }
  return { values, even, order };
}

/**
 * Gives the directions in which small moves change the descriptor of an image, at right angles to it
 * and to each other, and of length 1.
 *
 * @param thumbnails as from `makeThumbnails`.
 * @returns a function of the image: [move, component], overwritten by the next call.
 */
export function movesFrom(
  thumbnails: Float32Array,
  { values, order }: Descriptors,
): (image: number) => Float64Array {
  const area = SIDE * SIDE;
  const image = new Float64Array(area);
  const found = new Float64Array(COMPONENTS + 1);
  const moves = new Float64Array(MOVES * COMPONENTS);
  return (n: number) => {
    const axes = [Float64Array.from(values.subarray(n * COMPONENTS, (n + 1) * COMPONENTS))];
    for (let move = 1; move <= MOVES; move++) {
      slope(thumbnails.subarray(n * area, (n + 1) * area), move, image);
      transform(image, found);
      const axis = moves.subarray((move - 1) * COMPONENTS, move * COMPONENTS);
      for (let i = 0; i < COMPONENTS; i++) axis[i] = itemAt(found, itemAt(order, i));
      for (const earlier of axes) subtract(axis, earlier);
      scaleToOne(axis);
      axes.push(axis);
    }
    return moves;
  };
}

/** How the cells of a thumbnail change with a move: 1 along x, 2 along y, 3 by scale. */
function slope(thumbnail: Float32Array, move: number, result: Float64Array): void {
  for (let i = 0, y = 0; y < SIDE; y++) {
    const [above, below] = [Math.max(0, y - 1), Math.min(SIDE - 1, y + 1)];
    for (let x = 0; x < SIDE; x++, i++) {
      const [left, right] = [Math.max(0, x - 1), Math.min(SIDE - 1, x + 1)];
      const dx = thumbnail[y * SIDE + right]! - thumbnail[y * SIDE + left]!;
      const dy = thumbnail[below * SIDE + x]! - thumbnail[above * SIDE + x]!;
      const centre = (SIDE - 1) / 2;
      result[i] = move === 1 ? dx : move === 2 ? dy : dx * (x - centre) + dy * (y - centre);
    }
  }
}

const COSINES = cosines();
const rows = new Float64Array(SIDE * FREQUENCIES);

/** The blurred cosine transform of [SIDE, SIDE], as [FREQUENCIES, FREQUENCIES]. */
function transform(image: Float64Array, result: Float64Array): void {
  for (let y = 0; y < SIDE; y++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let x = 0, at = u * SIDE, from = y * SIDE; x < SIDE; x++, at++, from++) {
        sum += COSINES[at]! * image[from]!;
      }
      rows[y * FREQUENCIES + u] = sum;
    }
  }
  for (let v = 0; v < FREQUENCIES; v++) {
    for (let u = 0; u < FREQUENCIES; u++) {
      let sum = 0;
      for (let y = 0, at = v * SIDE, from = u; y < SIDE; y++, at++, from += FREQUENCIES) {
        sum += COSINES[at]! * rows[from]!;
      }
      result[v * FREQUENCIES + u] = sum;
    }
  }
}

/** The rows of a cosine transform with a blur: [FREQUENCIES, SIDE]. */
function cosines(): Float64Array {
  const table = new Float64Array(FREQUENCIES * SIDE);
  for (let k = 0; k < FREQUENCIES; k++) {
    const blur = Math.exp(-((Math.PI * k * BLUR) ** 2) / 2);
    const scale = blur * Math.sqrt((k === 0 ? 1 : 2) / SIDE);
    for (let x = 0; x < SIDE; x++) {
      table[k * SIDE + x] = scale * Math.cos((Math.PI * k * (x + 0.5)) / SIDE);
    }
  }
  return table;
}

function subtract(from: Float64Array, direction: Float64Array): void {
  let along = 0;
  for (let i = 0; i < from.length; i++) along += from[i]! * direction[i]!;
  for (let i = 0; i < from.length; i++) from[i]! -= along * direction[i]!;
}

function scaleToOne(values: Float64Array): void {
  let energy = 0;
  for (const value of values) energy += value * value;
  if (energy < 1e-12) return;
  const scale = 1 / Math.sqrt(energy);
  for (let i = 0; i < values.length; i++) values[i]! *= scale;
}

function varianceOf(values: Float32Array, component: number): number {
  let [sum, squares, count] = [0, 0, 0];
  for (let at = component; at < values.length; at += COMPONENTS, count++) {
    const value = values[at]!;
    sum += value;
    squares += value * value;
  }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}
