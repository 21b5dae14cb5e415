import type { DepthSample } from "./plane-fit.ts";

/** Coefficients of 1, x, y, x², xy, y². */
const TERMS = 6;

/**
 * How far a surface falls back from its middle to a distance of 1 around it, in the direction in
 * which it does so least.
 *
 * That is half the smaller principal curvature of the quadric z = … + a·x² + b·xy + c·y² that fits
 * the samples best (weighted least squares). Whatever can be made of a sheet, bent and tilted as it
 * may be, is straight in one direction or hollow, so the answer is about 0 or below; a head is round
 * in all of them.
 *
 * @param samples x and y in the metric of space, not of the image.
 * @returns millimetres; NaN if the samples are too few or too much in one line.
 * @see do Carmo: Differential geometry of curves and surfaces, 1976, 4.3: surfaces that unroll onto
 * a plane have no Gaussian curvature
 */
export function leastBulge(samples: readonly DepthSample[]): number {
  // Normal equations: [6, 6] and the right side as the 7th column.
  const rows = Array.from({ length: TERMS }, () => new Float64Array(TERMS + 1));
  for (const { x, y, z, weight } of samples) {
    const terms = [1, x, y, x * x, x * y, y * y, z];
    rows.forEach((row, i) => addScaled(row, terms, weight * (terms[i] as number)));
  }
  const [, , , a = NaN, b = NaN, c = NaN] = solve(rows);
  return (a + c) / 2 - Math.hypot((a - c) / 2, b / 2);
}

/** Gauss–Jordan elimination of [n, n + 1], in place; empty where a pivot all but vanishes. */
function solve(rows: Float64Array[]): number[] {
  const least = 1e-9 * Math.max(...rows.map((row, i) => row[i] as number));
  for (let i = 0; i < rows.length; i++) {
    // The normal equations are positive definite, so the diagonal serves as pivots.
    const pivot = rows[i] as Float64Array;
    const value = pivot[i] as number;
    if (!(value > least)) return [];
    for (const row of rows) {
      if (row !== pivot) addScaled(row, pivot, -(row[i] as number) / value);
    }
  }
  return rows.map((row, i) => (row[rows.length] as number) / (row[i] as number));
}

function addScaled(row: Float64Array, other: ArrayLike<number>, factor: number): void {
  for (let k = 0; k < row.length; k++) {
    row[k] = (row[k] as number) + factor * (other[k] as number);
  }
}
