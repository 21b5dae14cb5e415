/** Pearson's chi-squared test of independence on a table of counts. */
export interface ChiSquared {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** Probability of this statistic or a larger one if rows and columns are independent, 0–1. */
  readonly p: number;
  /** Smallest count that independence predicts for a cell. Below 5, `p` is only a rough estimate. */
  readonly smallestExpected: number;
}

/**
 * Tests whether all columns of a table have one distribution over the rows. Empty rows and columns are
 * left out. No correction for continuity.
 *
 * @param counts [row][column].
 * @returns null if fewer than two rows or columns are left.
 */
export function testIndependence(counts: readonly (readonly number[])[]): ChiSquared | null {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const rows = counts.filter((row) => sum(row) > 0);
  const columnSums = (rows[0] ?? []).map((_, column) => sum(rows.map((row) => row[column] ?? 0)));
  const total = sum(columnSums);
  const columns = columnSums.filter((n) => n > 0).length;
  if (rows.length < 2 || columns < 2) return null;
  let [statistic, smallestExpected] = [0, Infinity];
  for (const row of rows) {
    for (const [column, found] of row.entries()) {
      const expected = (sum(row) * (columnSums[column] ?? 0)) / total;
      if (expected === 0) continue;
      statistic += (found - expected) ** 2 / expected;
      smallestExpected = Math.min(smallestExpected, expected);
    }
  }
  const degreesOfFreedom = (rows.length - 1) * (columns - 1);
  return {
    statistic,
    degreesOfFreedom,
    p: upperGamma(degreesOfFreedom / 2, statistic / 2),
    smallestExpected,
  };
}

const PRECISION = 1e-15;
const MAX_TERMS = 100_000;

/**
 * The regularised upper incomplete gamma function Q(a, x) for a multiple a > 0 of ½: by the series of P
 * below x = a + 1, by a continued fraction above.
 *
 * @see Numerical Recipes, 3rd edition, section 6.2.
 */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const factor = Math.exp(a * Math.log(x) - x - logGammaOfHalves(a));
  if (x < a + 1) {
    let term = 1 / a;
    let total = term;
    for (let n = 1; n < MAX_TERMS && term > total * PRECISION; n++) {
      term *= x / (a + n);
      total += term;
    }
    return Math.max(0, 1 - total * factor);
  }
  // Lentz's method.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MAX_TERMS; n++) {
    const numerator = n * (a - n);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < PRECISION) break;
  }
  return fraction * factor;
}

/** ln Γ(a) for a = ½, 1, 1½, …, by Γ(a) = (a − 1)·Γ(a − 1). */
function logGammaOfHalves(a: number): number {
  let [at, log] = a % 1 === 0 ? [1, 0] : [0.5, Math.log(Math.PI) / 2];
  for (; at < a; at++) log += Math.log(at);
  return log;
}
