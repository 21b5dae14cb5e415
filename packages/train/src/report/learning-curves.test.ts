import { describe, expect, it } from "vitest";
import { learningCurvesChart } from "./learning-curves.ts";

describe("learningCurvesChart", () => {
  it("names the target of the validation curve and the additional terms of the training loss", () => {
    const run = { bestEpoch: 1, hyperparameters: { voteShare: 1, distillation: 0.5 } };
    const lines = (what: "loss" | "accuracy") =>
      learningCurvesChart([], what, run).data.datasets.map(({ label }) => label);
    expect(lines("loss")).toEqual([
      "training (with a teacher's probabilities)",
      "validation, by the FER+ votes",
    ]);
    expect(lines("accuracy")).toEqual(["training", "validation, by the FER+ votes"]);
    const two = { bestEpoch: 1, hyperparameters: { voteHead: 1, voteShare: 1 } };
    expect(learningCurvesChart([], "loss", two).data.datasets[1]!.label).toBe(
      "validation, by the labels (first head) and the FER+ votes (second head)",
    );
  });

  it.each([
    [{}, "training"],
    [{ dropout: 0.4 }, "training (with dropout)"],
    [{ mirror: 0.5, convDropout: 0.1 }, "training (with augmentation, dropout)"],
    [{ zoom: 0, shift: 0, rotation: 0, mirror: 0, dropout: 0 }, "training"],
  ])("names augmentation and dropout only if the run had them: %j", (hyperparameters, name) => {
    const chart = learningCurvesChart([], "accuracy", { bestEpoch: 1, hyperparameters });
    expect(chart.data.datasets[0]?.label).toBe(name);
  });
});
