import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { holm, mcnemar } from "./mcnemar.ts";

/** Two models that are correct alone on some images, and both on others. */
function models(onlyFirst: number, onlySecond: number, both = 5) {
  const images = Array.from({ length: onlyFirst + onlySecond + both }, (_, i) => i);
  return mcnemar(
    images.map((i) => i >= onlySecond),
    images.map((i) => i < onlySecond || i >= onlySecond + onlyFirst),
  );
}

describe("mcnemar", () => {
  it("counts only the images on which the models differ", () => {
    expect(models(1, 0)).toEqual({ onlyFirst: 1, onlySecond: 0, p: 1 });
    expect(models(0, 5)).toEqual({ onlyFirst: 0, onlySecond: 5, p: 2 / 2 ** 5 });
    expect(models(3, 3, 0).p).toBe(1);
    expect(models(0, 0).p).toBe(1);
    expect(models(9, 4, 1000).p).toBe(models(9, 4, 0).p);
    expect(models(9, 4).p).toBe(models(4, 9).p);
  });

  it.skipIf(withoutPython("scipy"))("equals SciPy's binomial test, also for thousands", () => {
    const pairs = [[9, 4], [1, 12], [210, 180], [700, 500], [2100, 2000]] as const; // prettier-ignore
    const expected = runPython(
      `
import json, sys
from scipy.stats import binomtest
print(json.dumps([binomtest(a, a + b, 0.5).pvalue for a, b in json.load(sys.stdin)]))`,
      { input: pairs },
    ) as number[];
    pairs.forEach(([a, b], i) => expect(models(a, b).p / expected[i]!).toBeCloseTo(1, 8));
  });
});

describe("holm", () => {
  it("multiplies the smallest by the number of tests, and keeps the order", () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((p, i) => expect(adjusted[i]).toBeCloseTo(p, 12));
    expect(holm([0.2])).toEqual([0.2]);
    expect(holm([0.6, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});
