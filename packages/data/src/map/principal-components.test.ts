import { random } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { principalComponents, readableVectors, type Vectors } from "./principal-components.ts";

/** Vectors that vary most along a few random directions. */
function cloud(count: number, width: number): Vectors {
  const chance = random(3, "cloud", width);
  const axes = Array.from({ length: width }, () =>
    Array.from({ length: width }, () => chance.normal()),
  );
  const values = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    for (const [a, axis] of axes.entries()) {
      const along = chance.normal() * 0.7 ** a;
      for (const [k, value] of axis.entries()) values[i * width + k]! += along * value + 5;
    }
  }
  return { values, width };
}

describe("principalComponents", () => {
  it.skipIf(withoutPython("sklearn"))("equals scikit-learn's PCA, up to the signs", () => {
    const vectors = cloud(300, 30);
    const { projected, explained } = principalComponents(readableVectors(vectors), {
      components: 6,
      seed: 1,
    });
    const script = `import json, sys
import numpy as np
from sklearn.decomposition import PCA
x = np.array(json.load(sys.stdin)).reshape(-1, 30)
pca = PCA(n_components=6, svd_solver="full").fit(x)
print(json.dumps([pca.explained_variance_ratio_.tolist(), pca.transform(x).ravel().tolist()]))`;
    const input = [...vectors.values];
    const [shares, places] = runPython(script, { input }) as [number[], number[]];
    for (const [c, share] of shares.entries()) {
      expect(explained[c]).toBeCloseTo(share, 7);
      const own = Array.from({ length: 300 }, (_, i) => projected.values[i * 6 + c] ?? 0);
      const other = Array.from({ length: 300 }, (_, i) => places[i * 6 + c] ?? 0);
      const sign = Math.sign(own.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0));
      const scale = Math.max(...other.map(Math.abs));
      for (const [i, value] of own.entries()) {
        expect(Math.abs(sign * value - (other[i] ?? 0)) / scale).toBeLessThan(1e-4);
      }
    }
  });

  it("computes all vectors from a sample of a large set, the same for the same seed", () => {
    const vectors = cloud(4500, 4);
    const first = principalComponents(readableVectors(vectors), { components: 9, seed: 1 });
    expect(first.projected).toMatchObject({ width: 4 });
    expect(first.projected.values).toHaveLength(4 * 4500);
    expect(first.explained.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(principalComponents(readableVectors(vectors), { components: 9, seed: 1 })).toEqual(
      first,
    );
    const other = principalComponents(readableVectors(vectors), { components: 9, seed: 2 });
    expect(other.explained[0]).toBeCloseTo(first.explained[0] ?? 0, 1);
  });

  it("places equal vectors at 0, and does not fail on one vector", () => {
    for (const count of [1, 5]) {
      const values = new Float32Array(3 * count).fill(7);
      const { projected, explained } = principalComponents(readableVectors({ values, width: 3 }), {
        components: 2,
        seed: 1,
      });
      expect([...projected.values].every((value) => value === 0)).toBe(true);
      expect(explained).toEqual([0, 0]);
    }
  });
});
