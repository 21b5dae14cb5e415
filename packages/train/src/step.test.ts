import { describe, expect, it } from "vitest";
import { resolveConfig, type TrainConfigInput } from "./config.ts";
import { createTrainer, disposeTrainer, trainStep } from "./step.ts";
import { expectClose } from "./testing/gradients.ts";
import { smallConfig, smallSet, smallSplit } from "./testing/small-set.ts";

type Values = Record<string, Float32Array>;

const LEARNING_RATE = 0.1;
const settings: TrainConfigInput = {
  ...smallConfig,
  optimizer: "sgd",
  momentum: 0,
  learningRate: LEARNING_RATE,
  schedule: "inverse-time",
  decay: 0,
  warmup: 0,
  ema: 0,
};

/** The values of all variables before and after the first step of a training. */
function firstStep(changes: TrainConfigInput, start?: Values) {
  const { train } = smallSplit;
  const config = resolveConfig({ ...settings, ...changes });
  const trainer = createTrainer({ set: smallSet, train, config, seed: 1 });
  const valuesOf = (): Values =>
    Object.fromEntries(trainer.network.variables.map((v) => [v.name, v.values()]));
  for (const variable of trainer.network.variables) {
    const values = start?.[variable.name];
    if (values) variable.assign(values);
  }
  const before = valuesOf();
  trainStep(trainer, Int32Array.from(train.subarray(0, 64)), 0);
  const after = valuesOf();
  const trainable = trainer.network.trainable.map(({ name }) => name);
  disposeTrainer(trainer);
  return { before, after, trainable };
}

describe("a step of sharpness-aware minimisation", () => {
  it("takes the gradients at a distance uphill, and the statistics at the weights", () => {
    const radius = 0.2;
    const plain = firstStep({});
    const { before, trainable } = plain;
    const slopeOf = ({ before, after }: typeof plain, name: string) =>
      before[name]!.map((value, i) => (value - after[name]![i]!) / LEARNING_RATE);
    const slopes = Object.fromEntries(trainable.map((name) => [name, slopeOf(plain, name)]));
    const length = Math.hypot(...Object.values(slopes).flatMap((slope) => [...slope]));
    const uphill = trainable.map((name) => [
      name,
      before[name]!.map((value, i) => value + (radius * slopes[name]![i]!) / length),
    ]);
    const there = firstStep({}, Object.fromEntries(uphill) as Values);

    const { after } = firstStep({ sam: radius, samShare: 1 });
    for (const name of Object.keys(before)) {
      if (!trainable.includes(name)) {
        expectClose(after[name]!, plain.after[name]!, 1e-6);
        continue;
      }
      const slope = slopeOf(there, name);
      const expected = before[name]!.map((value, i) => value - LEARNING_RATE * slope[i]!);
      expectClose(after[name]!, expected, 1e-4);
    }
    // It is another step than without it.
    const name = "conv1.kernel";
    const change = after[name]!.map((value, i) => Math.abs(value - plain.after[name]![i]!));
    expect(Math.max(...change)).toBeGreaterThan(1e-3);
  });

  it("is the plain step before its share of the training", () => {
    expect(firstStep({ sam: 0.2, samShare: 0.9 }).after).toEqual(firstStep({}).after);
  });
});
