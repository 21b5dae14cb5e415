import { describe, expect, it } from "vitest";
import { cpuHasBfloat16 } from "./precision.ts";
import { add, multiply, scalar } from "./native-ops.ts";
import { constantFloat, scope, tensorCount, upload } from "./native.ts";
import { createStepGraph, withoutGraph, type StepGraph } from "./step-graph.ts";
import { Variable } from "./variable.ts";
import { resolveConfig, type TrainConfigInput } from "../config.ts";
import { inferenceScores } from "../inference-scores.ts";
import { createTrainer, disposeTrainer, storedVariables, trainStep } from "../step.ts";
import { loadState, stateOf } from "../network/network.ts";
import { smallConfig, smallSet, smallSplit } from "../testing/small-set.ts";

const { train, validation } = smallSplit;

function trainerWith(graph: StepGraph, settings: TrainConfigInput = {}) {
  const config = resolveConfig({ ...smallConfig, ...settings });
  return { ...createTrainer({ set: smallSet, train, config, seed: 1 }), graph };
}

/** Trains from one step to another. */
function steps(trainer: ReturnType<typeof trainerWith>, from: number, to: number) {
  for (let step = from; step < to; step++) {
    const at = (step % trainer.stepsPerEpoch) * trainer.batchSize;
    trainStep(trainer, Int32Array.from(train.subarray(at, at + trainer.batchSize)), step);
  }
}

describe("a step graph", () => {
  const everything = {
    pooling: "max",
    ema: 0.9,
    weightDecay: 0.01,
    mixup: 0.2,
    brightness: 0.1,
    contrast: 0.1,
    erasing: 0.5,
  } as const;
  const biased = { normalization: "none", squeezeExcite: 2, logitAdjustment: 1 } as const;
  it.each<readonly [string, TrainConfigInput]>([
    ["with all augmentations and averaged weights", everything],
    ["with SGD, blurs and average pooling", { optimizer: "sgd", pooling: "blur", head: "average" }],
    ["without normalisation, with squeeze-and-excitation", biased],
    ["with sharpness-aware minimisation from step 3 on", { sam: 0.1, samShare: 0.9, ema: 0.9 }],
    ...(cpuHasBfloat16()
      ? [["in bfloat16, two convolutions a block", { precision: "bf16", depth: 2 }] as const]
      : []),
  ])("trains %s as single operations do, and always the same", (_, settings) => {
    const outcome = (graph: StepGraph) => {
      const trainer = trainerWith(graph, settings);
      steps(trainer, 0, 4);
      const scores = inferenceScores(trainer, validation);
      steps(trainer, 4, 7);
      const meter = trainer.meter.read();
      const state = stateOf(storedVariables(trainer));
      const isUsed = graph.isUsed;
      disposeTrainer(trainer);
      return { isUsed, result: { scores, meter, state } };
    };
    const graph = outcome(createStepGraph());
    expect(graph.isUsed).toBe(true);
    const single = outcome(withoutGraph);
    expect(graph.result.meter.loss / single.result.meter.loss).toBeCloseTo(1, 3);
    // A graph adds up the gradients of biases in another order.
    const isExact = settings.normalization !== "none";
    expect(graph.result).toEqual(isExact ? single.result : graph.result);
    expect(outcome(createStepGraph())).toEqual(graph);
  });

  it("continues from a stored state as if it had not stopped", () => {
    const whole = trainerWith(createStepGraph(), { ema: 0.9 });
    steps(whole, 0, 3);
    const stored = stateOf(storedVariables(whole));
    steps(whole, 3, 6);

    const resumed = trainerWith(createStepGraph(), { ema: 0.9 });
    loadState(storedVariables(resumed), stored);
    steps(resumed, 3, 6);
    expect(stateOf(storedVariables(resumed))).toEqual(stateOf(storedVariables(whole)));
    disposeTrainer(whole);
    disposeTrainer(resumed);
  });

  it("passes on what changes a variable between two steps", () => {
    const variable = new Variable("x", [2], Float32Array.of(1, 2));
    const graph = createStepGraph();
    const increase = (by: number) =>
      graph.run(() => scope(() => variable.add(upload(Float32Array.of(by, by)))));
    increase(1);
    increase(2);
    expect(Array.from(variable.values())).toEqual([4, 5]);
    variable.assign(Float32Array.of(10, 20));
    increase(3);
    scope(() => variable.subtract(upload(Float32Array.of(1, 1)), constantFloat(2)));
    increase(4);
    expect(Array.from(variable.values({ alone: true }))).toEqual([15, 25]);
    expect(graph.isUsed).toBe(true);
    graph.dispose();
    expect(Array.from(variable.values())).toEqual([15, 25]);
    variable.dispose();
  });

  it("reads and writes a variable in the order of the step", () => {
    const variable = new Variable("x", [], Float32Array.of(3));
    const graph = createStepGraph();
    const step = () =>
      scope(() => {
        const before = variable.read();
        variable.set(multiply(before, constantFloat(2)));
        const after = variable.read();
        variable.set(add(multiply(after, constantFloat(10)), before));
      });
    graph.run(step);
    graph.run(step);
    expect(Array.from(variable.values())).toEqual([3 * 21 * 21]);
    graph.dispose();
    variable.dispose();
  });

  it("records a step again if it differs from the recorded one", () => {
    const variable = new Variable("x", [], Float32Array.of(0));
    const graph = createStepGraph();
    const sums = (...terms: number[]) =>
      graph.run(() =>
        scope(() => {
          for (const term of terms) variable.add(scalar(term));
        }),
      );
    sums(1);
    sums(2);
    sums(3, 4);
    sums(5, 6);
    expect(graph.isUsed).toBe(true);
    // A step that always differs runs without a graph.
    sums(1, 1, 1);
    sums(1);
    sums(1, 1);
    expect(graph.isUsed).toBe(false);
    expect(Array.from(variable.values())).toEqual([27]);
    graph.dispose();
    variable.dispose();
  });

  it("throws what a step throws", () => {
    const variable = new Variable("x", [], Float32Array.of(1));
    const graph = createStepGraph();
    const failing = () =>
      graph.run(() =>
        scope(() => {
          variable.set(scalar(5));
          add(upload(new Float32Array(2)), upload(new Float32Array(3)));
        }),
      );
    expect(failing).toThrow(/Incompatible shapes/);
    variable.dispose();
  });

  it("frees every tensor", () => {
    const before = tensorCount();
    const trainer = trainerWith(createStepGraph());
    steps(trainer, 0, 2);
    const between = tensorCount();
    steps(trainer, 2, 8);
    expect(tensorCount()).toBe(between);
    disposeTrainer(trainer);
    expect(tensorCount()).toBeLessThanOrEqual(before + 40);
  });
});
