/** The index of the largest value; the first of several equal ones, and 0 for an empty list. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  let largest = values[0] ?? -Infinity;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] ?? -Infinity;
    if (value > largest) [best, largest] = [i, value];
  }
  return best;
}
