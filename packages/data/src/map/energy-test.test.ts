import { random } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { testEnergy } from "./energy-test.ts";

/** Two samples of normal vectors, the second moved along the first axis. */
function samples(counts: readonly [number, number], width: number, move: number) {
  const chance = random(9, "samples", width);
  const [n, m] = counts;
  const values = Float32Array.from({ length: (n + m) * width }, (_, at) => {
    const isMoved = at >= n * width && at % width === 0;
    return chance.normal() + (isMoved ? move : 0);
  });
  const of = [
    Uint32Array.from({ length: n }, (_, i) => i),
    Uint32Array.from({ length: m }, (_, i) => n + i),
  ] as const;
  return { vectors: { values, width }, of };
}

describe("testEnergy", () => {
  it.skipIf(withoutPython("scipy"))("has the distance of scipy.stats.energy_distance", () => {
    const { vectors, of } = samples([60, 90], 1, 0.4);
    const { distance } = testEnergy(vectors, of, { seed: 1, permutations: 9 });
    const script = `import json, sys
from scipy.stats import energy_distance
x = json.load(sys.stdin)
print(json.dumps(energy_distance(x[:60], x[60:]) ** 2))`;
    expect(distance).toBeCloseTo(runPython(script, { input: [...vectors.values] }) as number, 6);
  });

  it.skipIf(withoutPython("numpy"))(
    "has the coefficient that NumPy computes in five dimensions",
    () => {
      const { vectors, of } = samples([40, 30], 5, 0.5);
      const { coefficient } = testEnergy(vectors, of, { seed: 1, permutations: 9 });
      const script = `import json, sys
import numpy as np
x = np.array(json.load(sys.stdin)).reshape(-1, 5)
d = np.sqrt(((x[:, None] - x[None]) ** 2).sum(2))
xy, xx, yy = d[:40, 40:].mean(), d[:40, :40].mean(), d[40:, 40:].mean()
print(json.dumps((2 * xy - xx - yy) / (2 * xy)))`;
      expect(coefficient).toBeCloseTo(
        runPython(script, { input: [...vectors.values] }) as number,
        6,
      );
    },
  );

  it("finds a moved sample, and has p spread over 0 to 1 for samples of one distribution", () => {
    const moved = samples([100, 100], 3, 1);
    expect(testEnergy(moved.vectors, moved.of, { seed: 1, permutations: 199 }).p).toBe(1 / 200);
    const { vectors } = samples([2000, 0], 2, 0);
    const places = Uint32Array.from({ length: 2000 }, (_, i) => i);
    const values = Array.from({ length: 50 }, (_, test) => {
      const own = places.subarray(40 * test, 40 * (test + 1));
      const of = [own.subarray(0, 20), own.subarray(20)] as const;
      return testEnergy(vectors, of, { seed: test, permutations: 99 }).p;
    });
    const below = values.filter((p) => p <= 0.5).length;
    // 25 are expected; fewer than 14 or more than 36 are less likely than 1 in 500.
    expect(below).toBeGreaterThanOrEqual(14);
    expect(below).toBeLessThanOrEqual(36);
    expect(values.filter((p) => p <= 0.05).length).toBeLessThanOrEqual(8);
  });

  it("compares at most the given number of vectors, and has no distance between equal ones", () => {
    const { vectors, of } = samples([50, 70], 2, 0);
    expect(testEnergy(vectors, of, { seed: 1, most: 30, permutations: 9 }).images).toEqual([
      30, 30,
    ]);
    const equal = { values: new Float32Array(240).fill(3), width: 2 };
    expect(testEnergy(equal, of, { seed: 1, permutations: 9 })).toMatchObject({
      ...{ distance: 0, coefficient: 0, p: 1 },
    });
  });
});
