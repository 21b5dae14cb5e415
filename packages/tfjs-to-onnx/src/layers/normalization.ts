import { itemAt } from "@mien/format";
import { sizeOf } from "../graph/array.ts";
import { layoutSuffix, sizeAlong, storedAxis, type Value } from "../graph/graph.ts";
import { badModel, checkAxis, onlyInput, type Layer, type LayerConverter } from "./layer.ts";
import { inLayout } from "./dense.ts";

export const normalizationLayers: Readonly<Record<string, LayerConverter>> = {
  BatchNormalization: (layer, inputs) => {
    const input = onlyInput(layer, inputs);
    const rank = input.shape.length + 1;
    // Keras 2 may write the axis as a list of one.
    const [raw]: unknown[] = [layer.config.raw("axis") ?? -1].flat();
    const axis = checkAxis(layer, Number(raw), input);
    // ONNX normalises axis 1, which is where images keep their channels once they come first.
    if (axis === rank - 1 && rank >= 4) {
      return normalise(layer, layer.graph.channelsFirst(input), axis);
    }
    if (storedAxis(input, axis) === 1) return normalise(layer, input, axis);
    return scaleAndShift(layer, input, axis);
  },

  LayerNormalization: (layer, inputs) => {
    layer.config.only("rms_scaling", false);
    const x = layer.graph.asIs(onlyInput(layer, inputs));
    const list: unknown[] = [layer.config.raw("axis") ?? -1].flat();
    const axes = list.map((axis) => checkAxis(layer, Number(axis), x)).sort((a, b) => a - b);
    if (new Set(axes).size !== axes.length) return badModel(layer, "names an axis twice");
    const epsilon = layer.config.number("epsilon", 1e-3);
    const shape = axes.map((axis) => sizeAlong(x, axis));
    const parameter = (name: string, given: boolean, fallback: number) =>
      given ? layer.weight(name, shape) : new Float32Array(sizeOf(shape)).fill(fallback);
    const gamma = parameter("gamma", layer.config.flag("scale", true), 1);
    const beta = parameter("beta", layer.config.flag("center", true), 0);
    const { graph, name } = layer;
    const [first = 1] = axes;
    const trailing = axes.length === x.shape.length + 1 - first;
    if (trailing && graph.opset >= 17) {
      const scale = layer.constant("gamma", shape, () => gamma);
      const offset = layer.constant("beta", shape, () => beta);
      return graph.elementwise("LayerNormalization", [x, scale, offset], {
        name,
        attributes: { axis: { int: first }, epsilon: { float: epsilon } },
      });
    }
    const dims = x.shape.map((size, i) => (axes.includes(i + 1) ? size : 1));
    const mean = graph.mean(x, axes, `${name}/mean`);
    const centred = graph.elementwise("Sub", [x, mean], `${name}/centred`);
    const square = graph.elementwise("Mul", [centred, centred], `${name}/square`);
    const variance = graph.mean(square, axes, `${name}/variance`);
    const guard = graph.scalar(`${name}/epsilon`, epsilon);
    const guarded = graph.elementwise("Add", [variance, guard], `${name}/guarded`);
    const deviation = graph.elementwise("Sqrt", [guarded], `${name}/deviation`);
    const normal = graph.elementwise("Div", [centred, deviation], `${name}/normal`);
    const scale = layer.constant("gamma", dims, () => gamma);
    const scaled = graph.elementwise("Mul", [normal, scale], `${name}/scaled`);
    return graph.elementwise("Add", [scaled, layer.constant("beta", dims, () => beta)], name);
  },
};

function normalise(layer: Layer, x: Value, axis: number): Value {
  const size = sizeAlong(x, axis);
  const { gamma, beta, mean, variance } = variables(layer, size);
  const suffix = typeof x.layout === "string" ? "" : layoutSuffix(x.layout);
  const constant = (variable: string, values: Float32Array) =>
    layer.constant(variable + suffix, [size], () => inLayout(values, x.layout, 1));
  const constants = [
    constant("gamma", gamma),
    constant("beta", beta),
    constant("moving_mean", mean),
    constant("moving_variance", variance),
  ];
  return layer.graph.elementwise("BatchNormalization", [x, ...constants], {
    name: layer.name,
    attributes: { epsilon: { float: layer.config.number("epsilon", 1e-3) } },
  });
}

/** Batch normalisation along any axis: two nodes whose constants are broadcast over the other axes. */
function scaleAndShift(layer: Layer, x: Value, axis: number): Value {
  const size = sizeAlong(x, axis);
  const { scale, shift } = asAffine(variables(layer, size), layer.config.number("epsilon", 1e-3));
  const stored = storedAxis(x, axis);
  const dims = x.shape.map((_, i) => (i + 1 === stored ? size : 1));
  const suffix = layoutSuffix(x.layout);
  const factor = layer.constant(`scale${suffix}`, dims, () => Float32Array.from(scale));
  const offset = layer.constant(`shift${suffix}`, dims, () => Float32Array.from(shift));
  const scaled = layer.graph.elementwise("Mul", [x, factor], `${layer.name}/scaled`);
  return layer.graph.elementwise("Add", [scaled, offset], layer.name);
}

/** The variables of a batch normalisation, [size] each. */
type Variables = Readonly<Record<"gamma" | "beta" | "mean" | "variance", Float32Array>>;

function variables(layer: Layer, size: number): Variables {
  const { config } = layer;
  const shape = [size];
  const variance = layer.weight("moving_variance", shape);
  if (variance.some((value) => value < 0)) return badModel(layer, "has a negative variance");
  return {
    gamma: config.flag("scale", true)
      ? layer.weight("gamma", shape)
      : new Float32Array(size).fill(1),
    beta: config.flag("center", true) ? layer.weight("beta", shape) : new Float32Array(size),
    mean: layer.weight("moving_mean", shape),
    variance,
  };
}

/** Batch normalisation as x · scale + shift per channel, in double precision. */
export function asAffine(
  variables: Variables,
  epsilon: number,
): { scale: Float64Array; shift: Float64Array } {
  const { gamma, beta, mean, variance } = variables;
  const scale = Float64Array.from(gamma, (g, i) => g / Math.sqrt(itemAt(variance, i) + epsilon));
  const shift = Float64Array.from(beta, (b, i) => b - itemAt(mean, i) * itemAt(scale, i));
  return { scale, shift };
}
