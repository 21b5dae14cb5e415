import { hashKeys } from "@mien/format";
import type { Stage } from "./architecture.ts";
import { blur, blurGradient } from "./blur.ts";
import { dropoutMask } from "./dropout.ts";
import { batchOf, noVariables, savedBy, toFloat, type Layer, type LayerOptions } from "./layer.ts";
import { convolutionLayer, denseLayer } from "./linear-layers.ts";
import { maxPool, type PoolResult } from "./max-pool.ts";
import { squeezeExciteLayer } from "./squeeze-excite.ts";
import { keep, mapShape, upload, type NativeTensor } from "../tensor/native.ts";
import * as ops from "../tensor/native-ops.ts";
import { Variable } from "../tensor/variable.ts";

/** Makes the layer of a stage, with initial weights. */
export function createLayer(stage: Stage, options: LayerOptions): Layer {
  switch (stage.kind) {
    case "convolution":
      return convolutionLayer(stage, options);
    case "dense":
      // The output layer is the only one without a ReLU after it.
      return denseLayer(stage, { ...options, gain: stage.name === "output" ? 1 : 2 });
    case "normalization":
      return normalizationLayer(stage, options);
    case "pool":
      return poolLayer(stage);
    case "blur":
      return blurLayer();
    case "relu":
      return reluLayer();
    case "squeeze-excite":
      return squeezeExciteLayer(stage, options);
    case "dropout":
      return dropoutLayer(stage);
    case "flatten":
      return flattenLayer(stage);
    case "average":
      return averageLayer();
  }
}

type Tensor = NativeTensor;

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

function poolLayer({ stride }: Extract<Stage, { kind: "pool" }>): Layer {
  const pool = maxPool(stride);
  let saved: { x: Tensor; result: PoolResult } | undefined;
  return {
    ...noVariables,
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

function blurLayer(): Layer {
  let saved: Tensor["shape"] | undefined;
  return {
    ...noVariables,
    forward(x, training) {
      saved = training && x.shape;
      return blur(x);
    },
    backward: (dy) => blurGradient(savedBy(saved), dy),
  };
}

function reluLayer(): Layer {
  let saved: Tensor | undefined;
  return {
    ...noVariables,
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
    ...noVariables,
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
    ...noVariables,
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
    ...noVariables,
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
