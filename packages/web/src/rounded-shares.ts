/**
 * Shares in percent with one digit after the point, which add up to exactly 100: each is rounded down,
 * and those that lose most by it are rounded up instead (largest remainder method).
 *
 * @param counts not negative. If all are 0, all shares are 0.
 */
export function roundedShares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const exact = counts.map((count) => (1000 * count) / total);
  const tenths = exact.map(Math.floor);
  const missing = 1000 - tenths.reduce((sum, value) => sum + value, 0);
  const byLoss = exact
    .map((value, i) => ({ i, loss: value - Math.floor(value) }))
    .sort((a, b) => b.loss - a.loss || a.i - b.i);
  for (const { i } of byLoss.slice(0, missing)) tenths[i] = (tenths[i] ?? 0) + 1;
  return tenths.map((value) => value / 10);
}
