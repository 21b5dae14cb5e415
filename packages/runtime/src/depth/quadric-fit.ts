import type { DepthSample } from "./plane-fit.ts";

/** Pivots smaller than this share of the largest diagonal element count as 0. */
const SMALLEST_PIVOT = 1e-9;

/**
 * By how much a surface at a distance of 1 from its middle is farther away than the middle, in the
 * direction in which this is least.
 *
 * This is half the smaller principal curvature of the quadric z = … + a·x² + b·xy + c·y² that fits
 * the samples best (weighted least squares). A sheet of paper, however it is bent and tilted, is
 * straight in one direction or hollow, so that the answer is about 0 or below; a head is round in
 * every direction.
 *
 * @param samples x and y in a metric of space, not of the image.
 * @returns millimetres; NaN if there are too few samples, or they are nearly in one line.
 * @see do Carmo: Differential geometry of curves and surfaces, 1976, 4.3: surfaces that unroll onto
 * a plane have no Gaussian curvature
 */
export function smallestBulge(samples: readonly DepthSample[]): number {
  // The normal equations of the coefficients of 1, x, y, x², xy and y².
  const equations = Array.from({ length: 6 }, () => ({ row: new Float64Array(6), right: 0 }));
  for (const { x, y, z, weight } of samples) {
    const terms = [1, x, y, x * x, x * y, y * y];
    for (const [i, equation] of equations.entries()) {
      const scale = weight * (terms[i] ?? 0);
      addScaled(equation.row, terms, scale);
      equation.right += scale * z;
    }
  }
  const [, , , a = NaN, b = NaN, c = NaN] = solve(equations);
  return (a + c) / 2 - Math.hypot((a - c) / 2, b / 2);
}

/** One linear equation: the row times the unknowns equals the right side. */
interface Equation {
  readonly row: Float64Array;
  right: number;
}

/**
 * Gauss–Jordan elimination in place. The diagonal serves as pivots, as normal equations are positive
 * definite.
 *
 * @returns the unknowns; empty where a pivot is nearly 0.
 */
function solve(equations: readonly Equation[]): number[] {
  const smallest = SMALLEST_PIVOT * Math.max(...equations.map(({ row }, i) => row[i] ?? 0));
  for (const [i, pivot] of equations.entries()) {
    const value = pivot.row[i] ?? 0;
    if (!(value > smallest)) return [];
    for (const other of equations) {
      if (other === pivot) continue;
      const factor = -(other.row[i] ?? 0) / value;
      addScaled(other.row, pivot.row, factor);
      other.right += factor * pivot.right;
    }
  }
  return equations.map(({ row, right }, i) => right / (row[i] ?? NaN));
}

function addScaled(row: Float64Array, other: ArrayLike<number>, factor: number): void {
  for (const [k, value] of row.entries()) row[k] = value + factor * (other[k] ?? 0);
}
