import { describe, expect, it } from "vitest";
import { dropoutMask } from "./dropout.ts";
import { download, scope } from "../tensor/native.ts";

const mask = (shape: number[], rate: number, key: [number, number]) =>
  scope(() => download(dropoutMask(shape, { rate, key })));

describe("dropout masks", () => {
  it.each([0.01, 0.1, 0.25, 0.4, 0.5, 0.9])(
    "drop a share of %f, within the rounding to 1/256, and keep the mean",
    (rate) => {
      const values = mask([400, 500], rate, [7, 1]);
      const rounded = Math.round(rate * 256) / 256;
      const dropped = values.filter((value) => value === 0).length / values.length;
      expect(Math.abs(rounded - rate)).toBeLessThan(0.002);
      // Four standard deviations.
      const tolerance = 4 * Math.sqrt((rounded * (1 - rounded)) / values.length);
      expect(Math.abs(dropped - rounded)).toBeLessThan(tolerance);
      const kept = values.find((value) => value !== 0)!;
      expect(kept).toBeCloseTo(1 / (1 - rounded), 5);
      expect(values.every((value) => value === 0 || value === kept)).toBe(true);
    },
  );

  it("are the same for the same key only", () => {
    const first = mask([5, 7, 3], 0.5, [1, 2]);
    expect(mask([5, 7, 3], 0.5, [1, 2])).toEqual(first);
    expect(mask([5, 7, 3], 0.5, [1, 3])).not.toEqual(first);
    expect(mask([5, 7, 3], 0.5, [2, 2])).not.toEqual(first);
    expect(mask([5, 7, 3], 0.5, [-1, 2])).not.toEqual(first);
  });

  it("have any shape, also of a size that is not a multiple of four", () => {
    for (const shape of [[1], [3], [2, 3, 5, 7], [4, 4]]) {
      expect(mask(shape, 0.5, [1, 1])).toHaveLength(shape.reduce((a, b) => a * b));
    }
  });

  it("drop neighbouring values independently", () => {
    const values = mask([100_000], 0.5, [3, 4]);
    for (const lag of [1, 2, 3, 4, 8]) {
      let both = 0;
      for (let i = lag; i < values.length; i++) both += values[i]! && values[i - lag]! ? 1 : 0;
      expect(Math.abs(both / (values.length - lag) - 0.25)).toBeLessThan(0.008);
    }
  });

  it("drop the values of two steps independently, at every distance between the steps", () => {
    const first = mask([64, 24, 24, 8], 0.5, [3, 0]);
    for (let step = 1; step < 40; step++) {
      const other = mask([64, 24, 24, 8], 0.5, [3, step]);
      const both = first.filter((value, i) => value && other[i]).length;
      expect(Math.abs(both / first.length - 0.25)).toBeLessThan(0.005);
    }
  });
});
