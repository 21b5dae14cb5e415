/**
 * What a model answers at another temperature: softmax(log p / T), row by row.
 *
 * @param probabilities float32 [N, classes] at temperature 1.
 * @param temperature above 0; 1 answers the same numbers.
 */
export function temper(
  probabilities: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  if (temperature === 1) return probabilities;
  const answer = new Float32Array(probabilities.length);
  for (let at = 0; at < answer.length; at += classes) {
    const row = probabilities.subarray(at, at + classes);
    const powers = Array.from(row, (p) => p ** (1 / temperature));
    const sum = powers.reduce((total, power) => total + power, 0);
    answer.set(
      powers.map((power) => power / sum),
      at,
    );
  }
  return answer;
}
