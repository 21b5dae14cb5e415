import { describe, expect, it } from "vitest";
import { tinySet } from "../testing/image-set.ts";
import { measureBrightness } from "./brightness.ts";

describe("measureBrightness", () => {
  const set = tinySet([
    [0, 0, [100, 100, 100, 100]],
    [0, 0, [0, 255, 0, 255]],
    [0, 1, [100, 104, 100, 104]],
    [0, 1, [100, 110, 100, 110]],
  ]);

  it("finds blank images by the spread of their values and names their rows", () => {
    expect(measureBrightness(set).blankRows).toEqual([10, 12]);
  });

  it("measures mean and standard deviation", () => {
    const { mean, contrast } = measureBrightness(set);
    expect(mean.mean).toBeCloseTo((100 + 127.5 + 102 + 105) / 4, 9);
    expect(contrast.mean).toBeCloseTo((0 + 127.5 + 2 + 5) / 4, 9);
  });

  it("gives shares that sum to 1 for each split, or to 0 for a split without images", () => {
    for (const { shares, edges } of Object.values(measureBrightness(set)).slice(0, 2) as ReturnType<
      typeof measureBrightness
    >["mean"][]) {
      const sums = shares.map((bins) => bins.reduce((sum, share) => sum + share, 0));
      expect(sums).toEqual([1, 1, 0]);
      expect(edges).toHaveLength((shares[0]?.length ?? 0) + 1);
    }
  });
});
