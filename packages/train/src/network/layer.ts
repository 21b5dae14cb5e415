import { cast } from "../tensor/native-ops.ts";
import { DTYPE, type NativeTensor } from "../tensor/native.ts";
import type { Variable } from "../tensor/variable.ts";

/** The seed and step of a forward pass in training, which determine the dropout masks. */
export interface StepKey {
  readonly seed: number;
  readonly step: number;
}

/** Gradients by variable. Free them after they are applied. */
export type Gradients = Map<Variable, NativeTensor>;

/** A stage with its parameters. After a training pass it holds the tensors that its gradient needs. */
export interface Layer {
  readonly trainable: readonly Variable[];
  /** Moving averages. */
  readonly statistics: readonly Variable[];
  /** @param training the step of a training pass; undefined in inference. */
  forward(x: NativeTensor, training?: StepKey): NativeTensor;
  /**
   * Adds the gradients with respect to the layer's variables to `gradients`, and returns the
   * gradient with respect to its input.
   *
   * @param needsInput whether the caller uses the returned gradient; if not, `dy` may be returned.
   */
  backward(dy: NativeTensor, gradients: Gradients, needsInput: boolean): NativeTensor;
}

/** The settings of all layers of a network. */
export interface LayerOptions {
  /** Seed of the initial weights. */
  readonly seed: number;
  /** Factor of the sum of squared kernel weights in the loss. */
  readonly l2: number;
  readonly batchNormMomentum: number;
}

/** The variables of a layer that has none. */
export const noVariables = { trainable: [], statistics: [] };

/** The size of the first axis. */
export function batchOf({ shape: [batch = 0] }: NativeTensor): number {
  return batch;
}

/** The same values in float32. */
export function toFloat(x: NativeTensor): NativeTensor {
  return cast(x, DTYPE.float32);
}

/**
 * A tensor that a training pass saved for its gradient.
 *
 * @throws {Error} if there was no such pass.
 */
export function savedBy<T>(saved: T | undefined): T {
  if (saved === undefined) throw new Error("backward was called without a training pass before it");
  return saved;
}
