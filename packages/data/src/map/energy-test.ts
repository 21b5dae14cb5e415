import { itemAt, random, shuffle } from "@mien/format";
import type { Vectors } from "./principal-components.ts";

/** How far two samples of vectors are apart. */
export interface EnergyTest {
  /** Energy distance: 2 E|X − Y| − E|X − X′| − E|Y − Y′|, in the square of no unit; 0 or more. */
  readonly distance: number;
  /**
   * The distance divided by 2 E|X − Y|: 0 for two samples of one distribution, at most 1.
   */
  readonly coefficient: number;
  /** Probability of a distance at least as large if both are samples of one distribution. */
  readonly p: number;
  /** Number of vectors of each sample that were compared. */
  readonly images: readonly [number, number];
  readonly permutations: number;
}

/** Vectors of each sample that are compared, and permutations, if a caller gives no others. */
const DEFAULTS = { most: 500, permutations: 999 };

/**
 * Tests whether two samples of vectors have one distribution, by their energy distance and random
 * permutations of all vectors.
 *
 * @param of positions of the vectors of each sample, at least 2 each.
 * @param options.most vectors of each sample that are compared, drawn at random; default 500.
 * @param options.permutations default 999, so that p is at least 0.001.
 * @see Székely and Rizzo, Energy statistics, J. Statistical Planning and Inference 143 (2013).
 */
export function testEnergy(
  vectors: Vectors,
  of: readonly [Uint32Array, Uint32Array],
  options: { readonly seed: number; readonly most?: number; readonly permutations?: number },
): EnergyTest {
  const { seed, most = DEFAULTS.most, permutations = DEFAULTS.permutations } = options;
  const chance = random(seed, "energy test");
  const [x, y] = of.map((all) => shuffle(all.slice(), chance).subarray(0, most)) as [
    Uint32Array,
    Uint32Array,
  ];
  const [n, m] = [x.length, y.length];
  const size = n + m;
  const distances = distancesOf(vectors, Uint32Array.from([...x, ...y]));
  const sums = Float64Array.from({ length: size }, (_, i) =>
    distances.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0),
  );
  const total = sums.reduce((sum, value) => sum + value, 0);
  /** With the sample of `order`'s first `n` places. */
  const statistic = (order: Uint32Array) => {
    let [rows, within] = [0, 0];
    for (let p = 0; p < n; p++) {
      const i = itemAt(order, p);
      rows += itemAt(sums, i);
      const from = i * size;
      for (let q = 0; q < p; q++) within += distances[from + order[q]!]!;
    }
    const between = rows - 2 * within;
    const rest = total - rows - between;
    const [xy, xx, yy] = [between / (n * m), (2 * within) / n ** 2, rest / m ** 2];
    return { distance: 2 * xy - xx - yy, coefficient: xy > 0 ? (2 * xy - xx - yy) / (2 * xy) : 0 };
  };
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  const found = statistic(order);
  let asLarge = 0;
  for (let i = 0; i < permutations; i++) {
    if (statistic(shuffle(order, chance)).distance >= found.distance) asLarge++;
  }
  return { ...found, p: (asLarge + 1) / (permutations + 1), images: [n, m], permutations };
}

/** Euclidean distances, float32 [positions, positions]. */
function distancesOf({ values, width }: Vectors, positions: Uint32Array): Float32Array {
  const count = positions.length;
  const distances = new Float32Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (
        let k = 0, p = itemAt(positions, i) * width, q = itemAt(positions, j) * width;
        k < width;
        k++
      ) {
        const d = values[p++]! - values[q++]!;
        sum += d * d;
      }
      distances[i * count + j] = distances[j * count + i] = Math.sqrt(sum);
    }
  }
  return distances;
}
