import { MienError, type ModelInput, type NamedTensor } from "@mien/format";
import { architecture, l2Of, type Stage } from "./architecture.ts";
import type { TrainConfig } from "../config.ts";
import type { Gradients, StepKey } from "./layer.ts";
import { createLayer } from "./layers.ts";
import { mergeNormalizations } from "./merged-normalization.ts";
import { cast } from "../tensor/native-ops.ts";
import { DTYPE, type NativeTensor } from "../tensor/native.ts";
import type { Variable } from "../tensor/variable.ts";

/** The network with its parameters, computed by native operations. */
export interface Network {
  readonly stages: readonly Stage[];
  /** The variables that the optimiser changes. */
  readonly trainable: readonly Variable[];
  /** The variables of the model: the trainable ones, and the moving averages of batch normalisation. */
  readonly variables: readonly Variable[];
  /**
   * @param images standardised, float32 [batch, height, width, channels].
   * @param training the step of a training pass, which `backward` follows; undefined in inference.
   * @returns logits [batch, outputs].
   */
  forward(images: NativeTensor, training?: StepKey): NativeTensor;
  /**
   * Gradients of the mean loss including the l2 penalty, after a training pass in the same scope.
   *
   * @param dy gradient of the loss with respect to the logits [batch, outputs].
   * @returns tensors outside of the scope, which the caller must free.
   */
  backward(dy: NativeTensor): Gradients;
  /** The values of all variables, by name. */
  state(): Record<string, NamedTensor>;
  /**
   * Replaces the values of all variables.
   *
   * @throws {MienError} `mismatch` if a value is missing or has another shape.
   */
  load(state: Readonly<Record<string, NamedTensor>>): void;
  /** Frees the variables. */
  dispose(): void;
}

/**
 * Builds the network with initial weights, which depend only on the seed.
 *
 * @param shape.outputs number of logits, at least 2.
 */
export function createNetwork(
  config: TrainConfig,
  shape: { readonly input: ModelInput; readonly outputs: number },
  seed: number,
): Network {
  const stages = architecture(config, shape.input, shape.outputs);
  const { batchNormMomentum } = config;
  const layers = mergeNormalizations(
    stages.map((stage) => ({
      stage,
      layer: createLayer(stage, { seed, l2: l2Of(stage, config), batchNormMomentum }),
    })),
    batchNormMomentum,
  );
  const trainable = layers.flatMap((layer) => layer.trainable);
  const variables = [...trainable, ...layers.flatMap((layer) => layer.statistics)];
  return {
    stages,
    trainable,
    variables,
    forward(images, training) {
      // With bf16, all maps up to the head are bfloat16 in training; inference is always float32.
      const dtype = training && config.precision === "bf16" ? DTYPE.bfloat16 : DTYPE.float32;
      return layers.reduce((x, layer) => layer.forward(x, training), cast(images, dtype));
    },
    backward(dy) {
      const gradients: Gradients = new Map();
      let gradient = dy;
      for (let i = layers.length - 1; i >= 0; i--) {
        gradient = layers[i]?.backward(gradient, gradients, i > 0) ?? gradient;
      }
      return gradients;
    },
    state: () => stateOf(variables),
    load: (state) => loadState(variables, state),
    dispose: () => {
      for (const variable of variables) variable.dispose();
    },
  };
}

/** The values of variables, by name. */
export function stateOf(variables: readonly Variable[]): Record<string, NamedTensor> {
  return Object.fromEntries(
    variables.map((variable) => [
      variable.name,
      { shape: variable.shape, data: variable.values() },
    ]),
  );
}

/**
 * Replaces the value of each variable by the given value of the same name.
 *
 * @throws {MienError} `mismatch` if a value is missing or has another shape.
 */
export function loadState(
  variables: readonly Variable[],
  state: Readonly<Record<string, NamedTensor>>,
): void {
  for (const variable of variables) {
    const found = state[variable.name];
    const fits =
      found?.data instanceof Float32Array && String(found.shape) === String(variable.shape);
    if (!fits) {
      const what = found === undefined ? "nothing" : `[${found.shape.join(", ")}]`;
      throw new MienError(
        "mismatch",
        `expected ${variable.name} of shape [${variable.shape.join(", ")}], found ${what}`,
      );
    }
    variable.assign(found.data);
  }
}
