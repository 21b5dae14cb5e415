/** The mean and the standard deviation of some values; the deviation is that of the whole list. */
export function momentsOf(values: Uint8Array | Float32Array | Float64Array): {
  readonly mean: number;
  readonly deviation: number;
} {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / values.length - mean * mean)) };
}
