import type { NamedTensor } from "@mien/format";
import * as ops from "../tensor/native-ops.ts";
import { dispose, keep, scope } from "../tensor/native.ts";
import { Variable } from "../tensor/variable.ts";

const PREFIX = "ema.";

/** Moving averages of a network's variables (Polyak averaging); what they average to is the model. */
export interface WeightAverage {
  /** The averages; to be stored with the weights. */
  readonly slots: readonly Variable[];
  /**
   * Moves all averages towards the values now. The first steps count more, or the initial weights
   * would stay in for long: a share of min(decay, (1 + step) / (10 + step)) remains.
   *
   * @param step 0 for the first.
   */
  update(step: number): void;
  /** The averages by the names of what they average. */
  state(): Record<string, NamedTensor>;
  dispose(): void;
}

/** @param decay share of the averages that a step keeps, 0–1. */
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
        // What was read must be gone before the update, or that must copy.
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
