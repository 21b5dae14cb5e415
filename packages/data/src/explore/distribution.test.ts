import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { compareSplits } from "./distribution.ts";

/** Draws `count` images from class shares. */
function draw(shares: readonly number[], count: number, seed: number): number[] {
  const stream = random(seed);
  const counts = shares.map(() => 0);
  for (let i = 0; i < count; i++) {
    let place = stream.uniform();
    const label = shares.findIndex((share) => (place -= share) < 0);
    const at = label < 0 ? shares.length - 1 : label;
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}

const byClass = (parts: readonly (readonly number[])[]) =>
  (parts[0] as number[]).map((_, label) => parts.map((part) => part[label] as number));

describe("compareSplits", () => {
  it("returns half the sum of the differences between the shares", () => {
    const [first] = compareSplits([
      [50, 30, 0],
      [50, 70, 0],
    ]);
    expect(first?.parts).toEqual(["Training", "PublicTest"]);
    expect(first?.distance).toBeCloseTo(0.2, 12);
  });

  it("leaves out splits without images", () => {
    expect(
      compareSplits([
        [5, 0, 0],
        [5, 0, 0],
      ]),
    ).toEqual([]);
    expect(
      compareSplits([
        [5, 1, 0],
        [5, 1, 0],
      ]),
    ).toHaveLength(1);
  });

  it("predicts the mean distance of random splits of one population", () => {
    const shares = [0.14, 0.02, 0.14, 0.25, 0.17, 0.11, 0.17];
    const differences = Array.from({ length: 200 }, (_, trial) => {
      const parts = [
        draw(shares, 2000, 3 * trial),
        draw(shares, 500, 3 * trial + 1),
        [0, 0, 0, 0, 0, 0, 0],
      ];
      return compareSplits(byClass(parts))[0];
    });
    const mean = (of: (d: (typeof differences)[0]) => number) =>
      differences.reduce((sum, difference) => sum + of(difference), 0) / differences.length;
    const expected = mean((d) => d?.byChance ?? NaN);
    expect(mean((d) => d?.distance ?? NaN) / expected).toBeCloseTo(1, 1);
    const same = differences.filter((d) => d?.verdict === "same").length;
    expect(same).toBeGreaterThan(195);
  });

  it("distinguishes a slight difference from a clear one if there are enough images", () => {
    const verdict = (a: number, b: number) =>
      compareSplits([
        [a, b, 0],
        [1e5 - a, 1e5 - b, 0],
      ])[0]?.verdict;
    expect([verdict(50_000, 50_100), verdict(50_000, 53_000), verdict(50_000, 60_000)]).toEqual([
      "same",
      "slight",
      "clear",
    ]);
  });
});
