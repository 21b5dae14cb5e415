import { describe, expect, it } from "vitest";
import { speedRatio, speedRow } from "./benchmark-rounds.ts";

const rounds = (...walls: number[]) => walls.map((wall) => ({ wall, cpu: 2 * wall }));

describe("speedRow", () => {
  it("counts images and operations by the median round", () => {
    const row = speedRow(rounds(100, 50, 200), { batchSize: 10, flopsPerImage: 3e6 });
    expect(row).toEqual({
      imagesPerSecond: 100,
      imagesPerSecondRange: [50, 200],
      cpuMsPerStep: 200,
      cpuMsPerStepRange: [100, 400],
      gflops: 0.3,
    });
  });
});

describe("speedRatio", () => {
  it("compares within rounds, so that a slow moment that both share does not count", () => {
    const ratio = speedRatio(rounds(10, 1000, 10, 40), rounds(20, 2000, 20, 20));
    expect(ratio).toEqual({ median: 2, range: [0.5, 2] });
  });
});
