/**
 * Applies a temperature to probabilities: softmax(log p / T) for each row.
 *
 * @param probabilities float32 [N, classes] at temperature 1.
 * @param classes the number of classes.
 * @param temperature above 0; at 1 the array itself is returned.
 * @returns float32 [N, classes].
 * @see https://arxiv.org/abs/1706.04599
 */
export function applyTemperature(
  probabilities: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  if (temperature === 1) return probabilities;
  const scaled = new Float32Array(probabilities.length);
  for (let at = 0; at < scaled.length; at += classes) {
    const row = probabilities.subarray(at, at + classes);
    const powers = Array.from(row, (p) => p ** (1 / temperature));
    const sum = powers.reduce((total, power) => total + power, 0);
    scaled.set(
      powers.map((power) => power / sum),
      at,
    );
  }
  return scaled;
}
