import { describe, expect, it } from "vitest";
import { bestEpoch, criterionOf, isChosenByCriterion } from "./history.ts";

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

  it("is the earliest of the epochs with the highest criterion if all have one, whatever their accuracy and loss", () => {
    const history = epochs([0.9, 1], [0.5, 3], [0.6, 1]).map((record, i) => {
      return { ...record, criterion: [0.5, 0.6, 0.6][i]! };
    });
    expect(isChosenByCriterion(history)).toBe(true);
    expect(bestEpoch(history)).toBe(2);
    // An earlier version began this run.
    const { criterion, ...first } = history[0]!;
    expect(criterion).toBe(0.5);
    expect(isChosenByCriterion([first, ...history.slice(1)])).toBe(false);
    expect(bestEpoch([first, ...history.slice(1)])).toBe(1);
  });

  it("is 0 before the first epoch", () => {
    expect(bestEpoch([])).toBe(0);
  });
});

describe("criterionOf", () => {
  it("weighs labels and votes equally, and is the accuracy by labels if no votes have a winner", () => {
    expect(criterionOf({ labels: 0.5, votes: 0.75 })).toEqual({
      validationAccuracyByLabels: 0.5,
      validationAccuracyByVotes: 0.75,
      criterion: 0.625,
    });
    expect(criterionOf({ labels: 0.5, votes: NaN })).toEqual({
      validationAccuracyByLabels: 0.5,
      criterion: 0.5,
    });
  });
});
