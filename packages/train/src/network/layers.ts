import { hashKeys, random } from "@mien/format";
import type { Stage } from "./architecture.ts";
import { dropoutMask } from "./dropout.ts";
import {
  constantFloat,
  DTYPE,
  keep,
  mapShape,
  upload,
  type NativeTensor,
} from "../tensor/native.ts";
import * as ops from "../tensor/native-ops.ts";
import { maxPool, type PoolResult } from "./max-pool.ts";
import { Variable } from "../tensor/variable.ts";

/** The seed and step of a forward pass in training, which determine the dropout masks. */
export interface StepKey {
  readonly seed: number;
  readonly step: number;
}

/** Gradients by variable. Free them after they are applied. */
export type Gradients = Map<Variable, NativeTensor>;

/** A stage with its parameters. After a training pass it holds the tensors that its gradient needs. */
interface Layer {
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

/** The settings of a layer, in addition to its stage. */
interface LayerOptions {
  /** Seed of the initial weights. */
  readonly seed: number;
  /** Factor of the sum of squared kernel weights in the loss. */
  readonly l2: number;
  readonly batchNormMomentum: number;
}

/** Makes the layer of a stage, with initial weights. */
export function createLayer(stage: Stage, options: LayerOptions): Layer {
  switch (stage.kind) {
    case "convolution":
      return linearLayer(stage, options, {
        forward: ops.conv2d,
        kernelGradient: ops.conv2dKernelGradient,
        inputGradient: ops.conv2dInputGradient,
      });
    case "dense":
      return linearLayer(stage, options, {
        forward: ops.matMul,
        kernelGradient: (x, _, dy) => ops.matMul(x, dy, { a: true }),
        inputGradient: (_, kernel, dy) => ops.matMul(dy, kernel, { b: true }),
      });
    case "normalization":
      return normalizationLayer(stage, options);
    case "pool":
      return poolLayer();
    case "relu":
      return reluLayer();
    case "dropout":
      return dropoutLayer(stage);
    case "flatten":
      return flattenLayer(stage);
    case "average":
      return averageLayer();
  }
}

const plain = { trainable: [], statistics: [] };

type Tensor = NativeTensor;
type LinearStage = Extract<Stage, { kind: "convolution" | "dense" }>;

function linearLayer(
  stage: LinearStage,
  { seed, l2 }: LayerOptions,
  op: {
    forward(x: Tensor, kernel: Tensor): Tensor;
    kernelGradient(x: Tensor, kernel: Tensor, dy: Tensor): Tensor;
    inputGradient(x: Tensor, kernel: Tensor, dy: Tensor): Tensor;
  },
): Layer {
  const outputs = outputsOf(stage);
  const kernel = new Variable(`${stage.name}.kernel`, stage.shape, initialKernel(stage, seed));
  const bias = stage.bias
    ? new Variable(`${stage.name}.bias`, [outputs], new Float32Array(outputs))
    : undefined;
  let saved: { x: Tensor; weights: Tensor } | undefined;
  return {
    ...plain,
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

/**
 * He normal initialisation (He et al. 2015); half the variance in the output layer, which has no
 * ReLU.
 */
function initialKernel(stage: LinearStage, seed: number): Float32Array {
  const size = stage.shape.reduce((product, n) => product * n, 1);
  const fanIn = size / outputsOf(stage);
  const deviation = Math.sqrt((stage.name === "output" ? 1 : 2) / fanIn);
  const stream = random(seed, "init", stage.name);
  return Float32Array.from({ length: size }, () => deviation * stream.normal());
}

function normalizationLayer(
  { name, channels }: Extract<Stage, { kind: "normalization" }>,
  { batchNormMomentum }: LayerOptions,
): Layer {
  const make = (part: string, value: number) =>
    new Variable(`${name}.${part}`, [channels], new Float32Array(channels).fill(value));
  const scale = make("scale", 1);
  const offset = make("offset", 0);
  const mean = make("mean", 0);
  const variance = make("variance", 1);
  let saved: { x: Tensor; scale: Tensor; reserved: readonly Tensor[] } | undefined;
  // TensorFlow normalises only maps; dense features become maps of one pixel.
  const asMap = (x: Tensor) =>
    x.shape.length === 4 ? x : ops.reshape(x, [batchOf(x), 1, 1, channels]);
  return {
    trainable: [scale, offset],
    statistics: [mean, variance],
    forward(input, training) {
      const x = asMap(input);
      const state = {
        scale: scale.read(),
        offset: offset.read(),
        movingMean: mean.read(),
        movingVariance: variance.read(),
      };
      if (training === undefined) return ops.reshape(ops.batchNorm(x, state), input.shape);
      const result = ops.batchNormTraining(x, state, batchNormMomentum);
      mean.set(result.movingMean);
      variance.set(result.movingVariance);
      saved = { x, scale: state.scale, reserved: result.reserved };
      return ops.reshape(result.y, input.shape);
    },
    backward(dy, gradients) {
      const gradient = ops.batchNormGradients(asMap(dy), savedBy(saved));
      gradients.set(scale, keep(gradient.scale));
      gradients.set(offset, keep(gradient.offset));
      return ops.reshape(gradient.x, dy.shape);
    },
  };
}

function poolLayer(): Layer {
  const pool = maxPool();
  let saved: { x: Tensor; result: PoolResult } | undefined;
  return {
    ...plain,
    forward(x, training) {
      const result = pool.forward(x);
      saved = training && { x, result };
      return result.y;
    },
    backward(dy) {
      const { x, result } = savedBy(saved);
      return pool.backward(x, result, dy);
    },
  };
}

function reluLayer(): Layer {
  let saved: Tensor | undefined;
  return {
    ...plain,
    forward(x, training) {
      const y = ops.relu(x);
      saved = training && y;
      return y;
    },
    backward: (dy) => ops.reluGradient(savedBy(saved), dy),
  };
}

function dropoutLayer({ name, rate }: Extract<Stage, { kind: "dropout" }>): Layer {
  let mask: Tensor | undefined;
  return {
    ...plain,
    forward(x, training) {
      if (training === undefined) return x;
      const stream = hashKeys([training.seed, "dropout", name]);
      mask = dropoutMask(x.shape, { rate, key: [stream, training.step], dtype: x.dtype });
      return ops.multiply(x, mask);
    },
    backward: (dy) => ops.multiply(dy, savedBy(mask)),
  };
}

function flattenLayer({ size }: Extract<Stage, { kind: "flatten" }>): Layer {
  let saved: Tensor | undefined;
  return {
    ...plain,
    forward(x) {
      saved = x;
      return toFloat(ops.reshape(x, [batchOf(x), size]));
    },
    backward(dy) {
      const { shape, dtype } = savedBy(saved);
      return ops.cast(ops.reshape(dy, shape), dtype);
    },
  };
}

function averageLayer(): Layer {
  let saved: Tensor | undefined;
  return {
    ...plain,
    forward(x) {
      saved = x;
      return ops.spatialMean(toFloat(x));
    },
    backward(dy) {
      const x = savedBy(saved);
      const [batch, height, width, channels] = mapShape(x);
      const share = upload(new Float32Array(height * width).fill(1 / (height * width)), [
        1,
        height,
        width,
        1,
      ]);
      return ops.cast(ops.multiply(ops.reshape(dy, [batch, 1, 1, channels]), share), x.dtype);
    },
  };
}

/** The size of the first axis. */
function batchOf({ shape: [batch = 0] }: Tensor): number {
  return batch;
}

function toFloat(x: Tensor): Tensor {
  return ops.cast(x, DTYPE.float32);
}

function savedBy<T>(saved: T | undefined): T {
  if (saved === undefined) throw new Error("backward was called without a training pass before it");
  return saved;
}
