import { itemAt } from "@mien/format";
import { THUMBNAIL_SIDE as SIDE } from "./thumbnails.ts";

/** How one image has to be changed to look like another one. */
export interface Alignment {
  /** Correlation of the aligned images, −1 to 1, without differences in brightness and contrast. */
  readonly similarity: number;
  /** Shift of the second image to the right and down, as shares of the sides. */
  readonly x: number;
  readonly y: number;
  /** Enlargement of the second image; 0 for none, 0.05 for 5 %. */
  readonly scale: number;
}

/** Cells at the edges of a thumbnail that are not compared, because a moved copy lacks them. */
const MARGIN = 2;
const INNER = SIDE - 2 * MARGIN;
const CELLS = INNER * INNER;
/** Steps of the alignment; more change the similarity by less than 0.001. */
const STEPS = 5;
/** Largest shift in cells, and largest change of scale; beyond them images only resemble each other. */
const MAX_SHIFT = 2.2;
const MAX_SCALE = 0.09;
/** Unknowns of an alignment: shift in x, shift in y, scale. */
const UNKNOWNS = 3;

/** What is computed once for the first image of a pair. */
export interface Reference {
  /** The inner cells without their plane of brightness, scaled to length 1. */
  readonly values: Float64Array;
  /** How these values change with each unknown: [UNKNOWNS, CELLS], orthogonal to `values`. */
  readonly slopes: Float64Array;
  /** Inverse of slopes × slopesᵀ, [UNKNOWNS, UNKNOWNS]; undefined for an image without structure. */
  readonly inverse: Float64Array | undefined;
}

/** Prepares an image to be compared with others. @param thumbnail [SIDE, SIDE]. */
export function makeReference(thumbnail: Float32Array): Reference {
  const values = new Float64Array(CELLS);
  const slopes = new Float64Array(UNKNOWNS * CELLS);
  for (let i = 0, y = MARGIN; y < SIDE - MARGIN; y++) {
    for (let x = MARGIN; x < SIDE - MARGIN; x++, i++) {
      const at = y * SIDE + x;
      values[i] = thumbnail[at]!;
      const dx = (thumbnail[at + 1]! - thumbnail[at - 1]!) / 2;
      const dy = (thumbnail[at + SIDE]! - thumbnail[at - SIDE]!) / 2;
      slopes[i] = dx;
      slopes[CELLS + i] = dy;
      slopes[2 * CELLS + i] = dx * (x - CENTRE) + dy * (y - CENTRE);
    }
  }
  removePlane(values);
  const length = scaleToOne(values);
  const products = new Float64Array(UNKNOWNS ** 2);
  for (let k = 0; k < UNKNOWNS; k++) {
    const slope = slopes.subarray(k * CELLS, (k + 1) * CELLS);
    for (let i = 0; i < CELLS; i++) slope[i]! /= Math.max(length, 1e-9);
    removePlane(slope);
    const along = dot(slope, values);
    for (let i = 0; i < CELLS; i++) slope[i]! -= along * values[i]!;
    for (let m = 0; m <= k; m++) {
      const product = dot(slope, slopes.subarray(m * CELLS, (m + 1) * CELLS));
      products[k * UNKNOWNS + m] = products[m * UNKNOWNS + k] = product;
    }
  }
  return { values, slopes, inverse: invert3(products) };
}

const CENTRE = (SIDE - 1) / 2;
const sampled = new Float64Array(CELLS);
const changes = new Float64Array(UNKNOWNS);

/**
 * Aligns an image with a reference by the Gauss–Newton method of Lucas and Kanade.
 *
 * @param thumbnail of the second image, [SIDE, SIDE].
 * @param atLeast similarity below which the pair does not matter; the alignment ends when it cannot
 * be reached.
 * @returns undefined if the similarity is below `atLeast`, or is reached only by a larger change.
 * @see https://www.ri.cmu.edu/pub_files/pub3/baker_simon_2002_3/baker_simon_2002_3.pdf
 */
export function align(
  { values, slopes, inverse }: Reference,
  thumbnail: Float32Array,
  { isMirrored, atLeast }: { readonly isMirrored: boolean; readonly atLeast: number },
): Alignment | undefined {
  if (inverse === undefined) return undefined;
  let [x, y, scale, best] = [0, 0, 0, -1];
  let found: Alignment | undefined;
  for (let step = 0; step <= STEPS; step++) {
    sample(thumbnail, { x, y, scale, isMirrored });
    removePlane(sampled);
    if (scaleToOne(sampled) === 0) return undefined;
    const similarity = dot(sampled, values);
    if (similarity > best) {
      best = similarity;
      found = { similarity, x: x / SIDE, y: y / SIDE, scale };
    }
    for (let k = 0; k < UNKNOWNS; k++) {
      changes[k] = dot(sampled, slopes.subarray(k * CELLS, (k + 1) * CELLS));
    }
    const [dx, dy, ds, explained] = solve(inverse, changes);
    // What alignment can reach at most, to first order; beyond a cell it may reach more.
    const reachable = Math.sqrt(similarity * similarity + explained);
    if (similarity <= 0 || reachable < atLeast - SLACK / (step + 1)) break;
    x -= dx / similarity;
    y -= dy / similarity;
    scale -= ds / similarity;
    if (Math.abs(x) > MAX_SHIFT || Math.abs(y) > MAX_SHIFT || Math.abs(scale) > MAX_SCALE) break;
    if (Math.abs(dx) + Math.abs(dy) + CENTRE * Math.abs(ds) < 0.02) break;
  }
  return best >= atLeast ? found : undefined;
}

/** How far below the aim the prediction of the first step may lie. */
const SLACK = 0.3;

/** Samples the second image at the reference's inner cells, between its cells. */
function sample(
  thumbnail: Float32Array,
  at: {
    readonly x: number;
    readonly y: number;
    readonly scale: number;
    readonly isMirrored: boolean;
  },
): void {
  const { scale, isMirrored } = at;
  for (let i = 0, v = MARGIN; v < SIDE - MARGIN; v++) {
    const y = clamp(v + at.y + scale * (v - CENTRE));
    const top = Math.min(SIDE - 2, Math.floor(y));
    const [down, up] = [y - top, 1 - (y - top)];
    for (let u = MARGIN; u < SIDE - MARGIN; u++, i++) {
      let x = clamp(u + at.x + scale * (u - CENTRE));
      if (isMirrored) x = SIDE - 1 - x;
      const left = Math.min(SIDE - 2, Math.floor(x));
      const right = x - left;
      const p = top * SIDE + left;
      sampled[i] =
        up * ((1 - right) * thumbnail[p]! + right * thumbnail[p + 1]!) +
        down * ((1 - right) * thumbnail[p + SIDE]! + right * thumbnail[p + SIDE + 1]!);
    }
  }
}

function clamp(value: number): number {
  return Math.min(SIDE - 1, Math.max(0, value));
}

/** Subtracts the plane that fits best: differences in brightness, also from one side to the other. */
function removePlane(values: Float64Array): void {
  let [sum, alongX, alongY] = [0, 0, 0];
  for (let i = 0, v = 0; v < INNER; v++) {
    for (let u = 0; u < INNER; u++, i++) {
      const value = values[i]!;
      sum += value;
      alongX += value * (u - HALF);
      alongY += value * (v - HALF);
    }
  }
  const mean = sum / CELLS;
  const [slopeX, slopeY] = [alongX / MOMENT, alongY / MOMENT];
  for (let i = 0, v = 0; v < INNER; v++) {
    for (let u = 0; u < INNER; u++, i++) {
      values[i]! -= mean + slopeX * (u - HALF) + slopeY * (v - HALF);
    }
  }
}

const HALF = (INNER - 1) / 2;
/** Sum of (u − HALF)² over all inner cells. */
const MOMENT = (CELLS * (INNER * INNER - 1)) / 12;

/** @returns the former length; 0 for values that are all but equal. */
function scaleToOne(values: Float64Array): number {
  const length = Math.sqrt(dot(values, values));
  if (length < 1e-3) return 0;
  for (let i = 0; i < values.length; i++) values[i]! /= length;
  return length;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** @returns inverse × right for three unknowns, and right · (inverse × right). */
function solve(inverse: Float64Array, right: Float64Array): [number, number, number, number] {
  const row = (k: number) =>
    itemAt(inverse, 3 * k) * itemAt(right, 0) +
    itemAt(inverse, 3 * k + 1) * itemAt(right, 1) +
    itemAt(inverse, 3 * k + 2) * itemAt(right, 2);
  const [a, b, c] = [row(0), row(1), row(2)];
  return [a, b, c, a * itemAt(right, 0) + b * itemAt(right, 1) + c * itemAt(right, 2)];
}

/** Inverts a symmetric 3 × 3 matrix; undefined if it is singular. */
function invert3(m: Float64Array): Float64Array | undefined {
  const [a, b, c, , d, e, , , f] = m as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [A, B, C] = [d * f - e * e, c * e - b * f, b * e - c * d];
  const determinant = a * A + b * B + c * C;
  if (!(Math.abs(determinant) > 1e-18)) return undefined;
  return Float64Array.from(
    [A, B, C, B, a * f - c * c, b * c - a * e, C, b * c - a * e, a * d - b * b],
    (value) => value / determinant,
  );
}
