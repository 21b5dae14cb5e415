/** The rows of a matrix [N, classes], as views into it. */
export function rowsOf(matrix: Float32Array, classes: number): Float32Array[] {
  return Array.from({ length: matrix.length / classes }, (_, i) =>
    matrix.subarray(i * classes, (i + 1) * classes),
  );
}

/**
 * For each row of [N, classes], the class with the highest probability; the first one if several are
 * equal.
 */
export function predictedClasses(probabilities: Float32Array, classes: number): Uint8Array {
  return Uint8Array.from(rowsOf(probabilities, classes), (row) => row.indexOf(Math.max(...row)));
}
