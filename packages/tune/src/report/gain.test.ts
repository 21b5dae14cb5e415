import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { gainOf } from "./gain.ts";

/** The results of a run that classifies each image correctly with this probability. */
const run = (images: number, probability: number, key: number) => {
  const stream = random("gain", key);
  return Array.from({ length: images }, () => stream.uniform() < probability);
};

describe("the gain of one configuration over another", () => {
  it("is the difference of the accuracies; for equal results, it is 0 with an interval of width 0", () => {
    const [half, most] = [
      [true, false, true, false],
      [true, true, true, false],
    ];
    expect(gainOf([half, half], [most, most]).gain).toBeCloseTo(0.25, 12);
    expect(gainOf([half, half], [half, half])).toEqual({ gain: 0, interval: [0, 0] });
  });

  it("has the interval of the paired images if there is one seed", () => {
    const before = [...new Array<boolean>(50).fill(true), ...new Array<boolean>(50).fill(false)];
    const after = before.map((right, i) => right || i >= 90);
    const { gain, interval } = gainOf([before], [after]);
    expect(gain).toBeCloseTo(0.1, 12);
    // Of the 100 differences, ten are 1 and the others 0.
    const half = 1.96 * Math.sqrt((0.1 * 0.9 * 100) / 99 / 100);
    expect(interval[1] - gain).toBeCloseTo(half, 4);
  });

  it("has a wider interval if the seeds differ more", () => {
    const width = (spread: number) => {
      const runs = (middle: number, key: number) =>
        [-1, 0, 1].map((side, i) => run(1000, middle + side * spread, key + i));
      const { interval } = gainOf(runs(0.6, 1), runs(0.65, 4));
      return interval[1] - interval[0];
    };
    expect(width(0.05)).toBeGreaterThan(1.5 * width(0));
  });

  it("has an interval that contains the true gain in at least 93 % of repetitions", () => {
    let held = 0;
    for (let i = 0; i < 300; i++) {
      const runs = (probability: number, key: number) =>
        [0, 1, 2].map((seed) => run(400, probability, 6 * i + key + seed));
      const { interval } = gainOf(runs(0.6, 0), runs(0.65, 3));
      if (interval[0] <= 0.05 && 0.05 <= interval[1]) held++;
    }
    expect(held).toBeGreaterThanOrEqual(279);
  });
});
