import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { testIndependence } from "./chi-squared.ts";

describe("testIndependence", () => {
  it("has the critical values of the chi-squared distribution", () => {
    // 3.841 is the 95th percentile for 1 degree of freedom.
    const n = 10_000;
    const d = Math.sqrt(3.841458820694124 * n) / 4;
    const half = n / 4;
    const found = testIndependence([
      [half + d, half - d],
      [half - d, half + d],
    ]);
    expect(found).toMatchObject({ degreesOfFreedom: 1, smallestExpected: half });
    expect(found?.p).toBeCloseTo(0.05, 10);
  });

  it("has p = 1 for splits with equal shares, and p near 0 for opposite ones", () => {
    expect(testIndependence([[10, 20], [30, 60]])).toMatchObject({ statistic: 0, p: 1 }); // prettier-ignore
    expect(testIndependence([[1000, 0], [0, 1000]])?.p).toBeLessThan(1e-100); // prettier-ignore
  });

  it("leaves out classes and splits without images, and needs two of each", () => {
    expect(testIndependence([[5, 0, 7], [0, 0, 0], [6, 0, 4]])?.degreesOfFreedom).toBe(1); // prettier-ignore
    expect(testIndependence([[5, 0], [4, 0]])).toBeNull(); // prettier-ignore
    expect(testIndependence([[5, 4], [0, 0]])).toBeNull(); // prettier-ignore
    expect(testIndependence([])).toBeNull();
  });

  it.skipIf(withoutPython("scipy"))("equals scipy.stats.chi2_contingency", () => {
    const tables = [
      [[3995, 467, 491], [436, 56, 55], [4097, 496, 528], [7215, 895, 879], [4830, 653, 594]],
      [[12, 5, 9], [3, 14, 7]],
      [[2, 8], [7, 3]],
      [[900, 20, 30], [100, 80, 10], [40, 30, 20], [1, 2, 3]],
    ]; // prettier-ignore
    const script = `import json, sys
from scipy.stats import chi2_contingency
print(json.dumps([[float(x) for x in chi2_contingency(t, correction=False)[:3]] for t in json.load(sys.stdin)]))`;
    const expected = runPython(script, { input: tables }) as [number, number, number][];
    for (const [i, table] of tables.entries()) {
      const found = testIndependence(table);
      const [statistic, p, degreesOfFreedom] = expected[i] ?? [];
      expect(found?.degreesOfFreedom).toBe(degreesOfFreedom);
      expect(Math.abs((found?.statistic ?? 0) / (statistic ?? 1) - 1)).toBeLessThan(1e-12);
      expect(Math.abs((found?.p ?? 0) / (p ?? 1) - 1)).toBeLessThan(1e-9);
    }
  });
});
