import { describe, expect, it } from "vitest";
import { quantile, summarise, summariseRatios } from "./summary.ts";

describe("summarise", () => {
  it("takes the middle of an odd number and the mean of the middle two of an even one", () => {
    expect(summarise([3, 1, 2, 5, 4])).toEqual({
      count: 5,
      mean: 3,
      median: 3,
      min: 1,
      max: 5,
      lowerQuartile: 2,
      upperQuartile: 4,
      p99: expect.closeTo(4.96, 9) as number,
    });
    expect(summarise([1, 2, 4, 10]).median).toBe(3);
  });

  it("is not moved by one slow call of a thousand, except in mean and maximum", () => {
    const durations = Array.from({ length: 1000 }, () => 1);
    durations[17] = 1001;
    expect(summarise(durations)).toMatchObject({ mean: 2, median: 1, p99: 1, max: 1001 });
  });

  it("is NaN of nothing", () => {
    expect(summarise([])).toMatchObject({ count: 0, mean: NaN, median: NaN, max: NaN });
  });
});

describe("quantile", () => {
  it("agrees with numpy.quantile", () => {
    // numpy.quantile([15, 20, 35, 40, 50], [0.05, 0.4, 0.95])
    const values = [50, 15, 40, 20, 35];
    expect([0.05, 0.4, 0.95].map((share) => quantile(values, share))).toEqual([16, 29, 48]);
  });
});

describe("summariseRatios", () => {
  it("compares within rounds, so that a slow moment of both does not count", () => {
    const ratios = summariseRatios([20, 2000, 20, 20], [10, 1000, 10, 40]);
    expect(ratios).toMatchObject({ median: 2, min: 0.5, max: 2 });
  });
});
