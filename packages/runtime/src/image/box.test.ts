import { describe, expect, it } from "vitest";
import { clip, isInside, overlap, suppress } from "./box.ts";

describe("boxes", () => {
  it("overlap by what they share of what both cover", () => {
    expect(overlap([0, 0, 10, 10], [0, 0, 10, 10])).toBe(1);
    expect(overlap([0, 0, 10, 10], [5, 0, 10, 10])).toBeCloseTo(1 / 3);
    expect(overlap([0, 0, 10, 10], [2, 2, 5, 5])).toBeCloseTo(0.25);
    expect(overlap([0, 0, 10, 10], [10, 0, 10, 10])).toBe(0);
  });

  it("are cut at the picture's edges and keep a pixel", () => {
    expect(clip([-5, -5, 20, 10], 100, 100)).toEqual([0, 0, 15, 5]);
    expect(clip([95, 90, 20, 20], 100, 100)).toEqual([95, 90, 5, 10]);
    expect(clip([500, 500, 9, 9], 100, 50)).toEqual([99, 49, 1, 1]);
  });

  it("show a face from 30 % inside the picture on", () => {
    expect(isInside([-7, 0, 10, 10], 100, 100)).toBe(true);
    expect(isInside([-7.1, 0, 10, 10], 100, 100)).toBe(false);
    expect(isInside([95, 95, 10, 10], 100, 100)).toBe(false);
    expect(isInside([200, 0, 10, 10], 100, 100)).toBe(false);
    expect(isInside([NaN, 0, 10, 10], 100, 100)).toBe(false);
  });

  it("of one face leave only the best, and those of two faces stay", () => {
    const found = [
      { box: [1, 1, 10, 10], score: 0.7 },
      { box: [0, 0, 10, 10], score: 0.9 },
      { box: [50, 0, 10, 10], score: 0.6 },
      { box: [5, 0, 10, 10], score: 0.8 },
    ] as const;
    expect(suppress(found, 0.4).map(({ score }) => score)).toEqual([0.9, 0.8, 0.6]);
    expect(suppress(found, 0.2).map(({ score }) => score)).toEqual([0.9, 0.6]);
  });
});
