import { describe, expect, it } from "vitest";
import { curvesChart } from "./plots.ts";

describe("curvesChart", () => {
  it("says by what validation is judged, and what is in the training loss besides", () => {
    const run = { bestEpoch: 1, hyperparameters: { voteShare: 1, distillation: 0.5 } };
    const lines = (what: "loss" | "accuracy") =>
      curvesChart([], what, run).data.datasets.map(({ label }) => label);
    expect(lines("loss")).toEqual([
      "training (augmented, with dropout, a teacher's answers)",
      "validation, by the FER+ votes",
    ]);
    expect(lines("accuracy")).toEqual([
      "training (augmented, with dropout)",
      "validation, by the FER+ votes",
    ]);
  });
});
