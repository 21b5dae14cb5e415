import { describe, expect, it } from "vitest";
import { bestEpoch } from "./history.ts";

const epochs = (...scores: [accuracy: number, loss: number][]) =>
  scores.map(([validationAccuracy, validationLoss], i) => {
    return { epoch: i + 1, validationAccuracy, validationLoss };
  });

describe("bestEpoch", () => {
  it("is the most accurate epoch, whatever its loss", () => {
    expect(bestEpoch(epochs([0.5, 1], [0.6, 3], [0.55, 0.5]))).toBe(2);
  });

  it("is the one with the lowest loss among equally accurate epochs, then the earliest", () => {
    expect(bestEpoch(epochs([0.6, 2], [0.6, 1], [0.6, 1], [0.6, 1.5]))).toBe(2);
    expect(bestEpoch(epochs([0.6, 1], [0.6, 2]))).toBe(1);
  });

  it("is 0 before the first epoch", () => {
    expect(bestEpoch([])).toBe(0);
  });
});
