import { describe, expect, it } from "vitest";
import { random, shuffle } from "./random.ts";

const draw = (n: number, ...keys: (number | string)[]) => {
  const stream = random(...keys);
  return Array.from({ length: n }, () => stream.uniform());
};

describe("keyed random streams", () => {
  it("are the same for the same keys and differ for others", () => {
    expect(draw(5, 7, "shuffle", 1)).toEqual(draw(5, 7, "shuffle", 1));
    for (const keys of [
      [7, "shuffle", 2],
      [8, "shuffle", 1],
      [7, "augment", 1],
      [71, "shuffle"],
    ]) {
      expect(draw(5, ...keys)).not.toEqual(draw(5, 7, "shuffle", 1));
    }
  });

  it("are uniform: ten bins of 100,000 draws pass a chi-square test, within and across keys", () => {
    const chiSquare = (values: number[]) => {
      const bins = new Array<number>(10).fill(0);
      for (const value of values) bins[Math.floor(value * 10)]! += 1;
      const expected = values.length / 10;
      return bins.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0);
    };
    // 27.9 is exceeded with probability 0.001 at 9 degrees of freedom.
    expect(chiSquare(draw(100_000, 1))).toBeLessThan(27.9);
    expect(chiSquare(Array.from({ length: 100_000 }, (_, i) => draw(1, i)[0]!))).toBeLessThan(27.9);
  });

  it("give normal numbers of mean 0 and variance 1", () => {
    const stream = random(3);
    const values = Array.from({ length: 100_000 }, () => stream.normal());
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
  });

  it("shuffle without loss, into each order about equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle([0, 1, 2], random("order", i)).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
