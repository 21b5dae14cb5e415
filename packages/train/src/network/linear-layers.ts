import { random } from "@mien/format";
import type { Stage } from "./architecture.ts";
import { noVariables, savedBy, toFloat, type Layer, type LayerOptions } from "./layer.ts";
import { constantFloat, keep, type NativeTensor } from "../tensor/native.ts";
import { conv2d, conv2dInputGradient, conv2dKernelGradient } from "../tensor/convolution.ts";
import * as ops from "../tensor/native-ops.ts";
import { Variable } from "../tensor/variable.ts";

type Tensor = NativeTensor;
type LinearStage = Extract<Stage, { kind: "convolution" | "dense" }>;

/** The settings of a convolution or dense layer. */
type LinearOptions = Pick<LayerOptions, "seed" | "l2"> & {
  /**
   * Variance of the initial weights times the number of inputs of a unit: 2 before a ReLU (default),
   * 1 before anything else.
   */
  readonly gain?: 1 | 2;
};

/** A convolution of stride 1 that keeps height and width. */
export function convolutionLayer(
  stage: Extract<Stage, { kind: "convolution" }>,
  options: LinearOptions,
): Layer {
  return linearLayer(stage, options, {
    forward: conv2d,
    kernelGradient: conv2dKernelGradient,
    inputGradient: conv2dInputGradient,
  });
}

/** A dense layer on features [batch, features]. */
export function denseLayer(
  stage: Extract<Stage, { kind: "dense" }>,
  options: LinearOptions,
): Layer {
  return linearLayer(stage, options, {
    forward: ops.matMul,
    kernelGradient: (x, _, dy) => ops.matMul(x, dy, { a: true }),
    inputGradient: (_, kernel, dy) => ops.matMul(dy, kernel, { b: true }),
  });
}

function linearLayer(
  stage: LinearStage,
  { seed, l2, gain = 2 }: LinearOptions,
  op: {
    forward(x: Tensor, kernel: Tensor): Tensor;
    kernelGradient(x: Tensor, kernel: Tensor, dy: Tensor): Tensor;
    inputGradient(x: Tensor, kernel: Tensor, dy: Tensor): Tensor;
  },
): Layer {
  const outputs = outputsOf(stage);
  const kernel = new Variable(
    `${stage.name}.kernel`,
    stage.shape,
    initialKernel(stage, { seed, gain }),
  );
  const bias = stage.bias
    ? new Variable(`${stage.name}.bias`, [outputs], new Float32Array(outputs))
    : undefined;
  let saved: { x: Tensor; weights: Tensor } | undefined;
  return {
    ...noVariables,
    trainable: bias ? [kernel, bias] : [kernel],
    forward(x, training) {
      // The variables are float32; the product is computed in the type of the maps.
      const weights = ops.cast(kernel.read(), x.dtype);
      saved = training && { x, weights };
      const y = op.forward(x, weights);
      return bias ? ops.biasAdd(y, ops.cast(bias.read(), x.dtype)) : y;
    },
    backward(dy, gradients, needsInput) {
      const { x, weights } = savedBy(saved);
      if (bias) gradients.set(bias, keep(ops.biasGradient(toFloat(dy))));
      let gradient = toFloat(op.kernelGradient(x, weights, dy));
      // The gradient of the penalty l2 · Σw² is 2 · l2 · w.
      if (l2 > 0) gradient = ops.add(gradient, ops.multiply(kernel.read(), constantFloat(2 * l2)));
      gradients.set(kernel, keep(gradient));
      return needsInput ? op.inputGradient(x, weights, dy) : dy;
    },
  };
}

/** The number of outputs of a linear stage: channels or features. */
function outputsOf({ shape }: LinearStage): number {
  return shape.length === 4 ? shape[3] : shape[1];
}

/** He normal initialisation (He et al. 2015). */
function initialKernel(
  stage: LinearStage,
  { seed, gain }: Required<Pick<LinearOptions, "seed" | "gain">>,
): Float32Array {
  const size = stage.shape.reduce((product, n) => product * n, 1);
  const deviation = initialDeviation(stage, gain);
  const stream = random(seed, "init", stage.name);
  return Float32Array.from({ length: size }, () => deviation * stream.normal());
}

/** The standard deviation of a stage's initial kernel. */
export function initialDeviation(stage: LinearStage, gain: 1 | 2 = 2): number {
  const size = stage.shape.reduce((product, n) => product * n, 1);
  const fanIn = size / outputsOf(stage);
  return Math.sqrt(gain / fanIn);
}
