import type { Stage } from "./architecture.ts";
import { batchOf, savedBy, toFloat, type Layer, type LayerOptions } from "./layer.ts";
import { denseLayer } from "./linear-layers.ts";
import { constantFloat, mapShape, type NativeTensor } from "../tensor/native.ts";
import * as ops from "../tensor/native-ops.ts";

/** A squeeze-and-excitation stage. */
type SqueezeExcite = Extract<Stage, { kind: "squeeze-excite" }>;

/** The names of the two dense layers of a squeeze-and-excitation stage. */
export const denseNames = (name: string) => ({
  reduce: `${name}_reduce`,
  expand: `${name}_expand`,
});

/**
 * Squeeze-and-excitation (Hu et al. 2018, section 3): each map [height, width] of an image is
 * multiplied by a factor between 0 and 1. The factors of all maps follow from the means of all maps,
 * through a dense layer of `units` units with ReLU and a dense layer with sigmoid.
 *
 * The dense layers always compute in float32; the product has the type of the maps.
 *
 * @see https://arxiv.org/abs/1709.01507
 */
export function squeezeExciteLayer(
  { name, channels, units }: SqueezeExcite,
  options: LayerOptions,
): Layer {
  const names = denseNames(name);
  const reduce = denseLayer(
    { kind: "dense", name: names.reduce, shape: [channels, units], bias: true },
    options,
  );
  const expand = denseLayer(
    { kind: "dense", name: names.expand, shape: [units, channels], bias: true },
    { ...options, gain: 1 },
  );
  const perMap = (factors: NativeTensor, { dtype }: NativeTensor) =>
    ops.reshape(ops.cast(factors, dtype), [batchOf(factors), 1, 1, channels]);
  let saved:
    | { x: NativeTensor; hidden: NativeTensor; gate: NativeTensor; factors: NativeTensor }
    | undefined;
  return {
    trainable: [...reduce.trainable, ...expand.trainable],
    statistics: [],
    forward(x, training) {
      // TensorFlow adds bfloat16 values in float32, so only the means are rounded.
      const means = toFloat(ops.spatialMean(x)); // [batch, channels]
      const hidden = ops.relu(reduce.forward(means, training)); // [batch, units]
      const gate = ops.sigmoid(expand.forward(hidden, training)); // [batch, channels]
      const factors = perMap(gate, x); // [batch, 1, 1, channels]
      saved = training && { x, hidden, gate, factors };
      return ops.multiply(x, factors);
    },
    backward(dy, gradients) {
      const { x, hidden, gate, factors } = savedBy(saved);
      const [, height, width] = mapShape(x);
      const pixels = height * width;
      const products = toFloat(ops.spatialMean(ops.multiply(dy, x)));
      const dGate = ops.multiply(products, constantFloat(pixels));
      const dHidden = expand.backward(ops.sigmoidGradient(gate, dGate), gradients, true);
      const dMeans = reduce.backward(ops.reluGradient(hidden, dHidden), gradients, true);
      const share = perMap(ops.multiply(dMeans, constantFloat(1 / pixels)), x);
      return ops.add(ops.multiply(dy, factors), share);
    },
  };
}
