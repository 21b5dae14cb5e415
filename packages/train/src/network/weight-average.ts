import type { NamedTensor } from "@mien/format";
import * as ops from "../tensor/native-ops.ts";
import { dispose, keep, scope } from "../tensor/native.ts";
import { Variable } from "../tensor/variable.ts";

const PREFIX = "ema.";

/** Exponential moving averages of a network's variables (Polyak averaging), which become the model. */
export interface WeightAverage {
  /** The averages, which checkpoints store with the weights. */
  readonly slots: readonly Variable[];
  /**
   * Moves all averages towards the present values: the share min(decay, (1 + step) / (10 + step)) of
   * the old average is kept. It is smaller in the first steps, so that the initial weights fade fast.
   *
   * @param step number of the training step, from 0.
   */
  update(step: number): void;
  /** The averages, by the names of the averaged variables. */
  state(): Record<string, NamedTensor>;
  /** Frees the averages. */
  dispose(): void;
}

/** @param decay the share of the averages that each step keeps, 0–1. */
export function averageWeights(variables: readonly Variable[], decay: number): WeightAverage {
  const pairs = variables.map((variable) => {
    const slot = new Variable(PREFIX + variable.name, variable.shape, variable.values());
    return { variable, slot };
  });
  return {
    slots: pairs.map(({ slot }) => slot),
    update(step) {
      const factor = ops.scalar(1 - Math.min(decay, (1 + step) / (10 + step)));
      for (const { variable, slot } of pairs) {
        // The value is freed before the update, because an update copies a value that is still in use.
        const delta = scope(() => keep(ops.subtract(slot.read(), variable.read())));
        slot.subtract(delta, factor);
        dispose(delta);
      }
    },
    state: () =>
      Object.fromEntries(
        pairs.map(({ variable, slot }) => [
          variable.name,
          { shape: slot.shape, data: slot.values() },
        ]),
      ),
    dispose: () => {
      for (const { slot } of pairs) slot.dispose();
    },
  };
}
