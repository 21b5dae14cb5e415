import { itemAt } from "@mien/format";
import type { Features } from "../network/trained-model.ts";

/** Steps of the iteration; each brings small singular values nearer to 1 by a factor of 1.5. */
const STEPS = 40;

/** Moves features of one network into the space of another network. */
export interface Alignment {
  /** Mean of the network's features, [width]. */
  readonly mean: Float64Array;
  /** [width, width]: the row of a feature of this network, the column of one of the other. */
  readonly rotation: Float64Array;
  /** Mean of the other network's features, [width]. */
  readonly target: Float64Array;
}

/**
 * Finds the rotation that maps a network's features of some images onto another network's features
 * of the same images. Two networks that learnt the same task order their features differently, so
 * distances between features of different networks have no meaning without it.
 *
 * Orthogonal Procrustes problem (Schönemann 1966). The orthogonal matrix nearest to the
 * cross-covariance is found by the iteration X ← X (3 I − XᵀX) / 2 (Björck & Bowie 1971).
 *
 * @param from features [n, width] of the network that is moved.
 * @param to features [n, width] of the other network.
 */
export function findAlignment(from: Features, to: Features): Alignment {
  const { width } = from;
  const mean = meanOf(from);
  const target = meanOf(to);
  const count = from.values.length / width;
  let x: Float64Array = new Float64Array(width * width);
  for (let image = 0; image < count; image++) {
    for (let i = 0; i < width; i++) {
      const value = itemAt(from.values, image * width + i) - itemAt(mean, i);
      if (value === 0) continue;
      for (let j = 0; j < width; j++) {
        x[i * width + j]! += value * (itemAt(to.values, image * width + j) - itemAt(target, j));
      }
    }
  }
  // The iteration converges if all singular values are below √3; the Frobenius norm is not below
  // the largest of them.
  const norm = Math.hypot(...rowNorms(x, width));
  if (norm > 0) x = x.map((value) => value / norm);
  for (let step = 0; step < STEPS; step++) {
    const gram = multiply(transpose(x, width), x, width);
    const factor = gram.map((value, at) => (at % (width + 1) === 0 ? 3 - value : -value) / 2);
    x = multiply(x, factor, width);
  }
  return { mean, rotation: x, target };
}

/** The features in the space of the other network. */
export function align(features: Features, { mean, rotation, target }: Alignment): Features {
  const { width, values } = features;
  const moved = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += width) {
    const row = Float64Array.from(target);
    for (let i = 0; i < width; i++) {
      const value = itemAt(values, at + i) - itemAt(mean, i);
      if (value === 0) continue;
      for (let j = 0; j < width; j++) row[j]! += value * itemAt(rotation, i * width + j);
    }
    moved.set(row, at);
  }
  return { width, values: moved };
}

function meanOf({ width, values }: Features): Float64Array {
  const sum = new Float64Array(width);
  values.forEach((value, at) => (sum[at % width]! += value));
  return sum.map((value) => value / (values.length / width));
}

function rowNorms(matrix: Float64Array, width: number): number[] {
  return Array.from({ length: width }, (_, i) =>
    Math.sqrt(
      matrix.subarray(i * width, (i + 1) * width).reduce((sum, value) => sum + value * value, 0),
    ),
  );
}

function transpose(matrix: Float64Array, width: number): Float64Array {
  return matrix.map((_, at) => itemAt(matrix, (at % width) * width + Math.floor(at / width)));
}

function multiply(a: Float64Array, b: Float64Array, width: number): Float64Array {
  const product = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    const row = product.subarray(i * width, (i + 1) * width);
    for (let k = 0; k < width; k++) {
      const value = itemAt(a, i * width + k);
      for (let j = 0; j < width; j++) row[j]! += value * itemAt(b, k * width + j);
    }
  }
  return product;
}
