import { itemAt } from "@mien/format";
import { sizeOf } from "../graph/array.ts";
import {
  int64,
  isFlat,
  sizeAlong,
  storedAxis,
  type GraphBuilder,
  type Value,
} from "../graph/graph.ts";
import { badModel, onlyInput, type Layer, type LayerConverter } from "./layer.ts";
import { isList } from "../read/json.ts";

const identity: LayerConverter = (layer, inputs) => onlyInput(layer, inputs);

export const shapeLayers: Readonly<Record<string, LayerConverter>> = {
  // Noise and dropout act in training only.
  Dropout: identity,
  SpatialDropout1D: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  AlphaDropout: identity,

  Flatten: (layer, inputs) => {
    const input = onlyInput(layer, inputs);
    if (input.shape.length === 1) return input;
    const first = layer.config.text("data_format") === "channels_first";
    return flatten(layer.graph, first ? channelsLast(layer.graph, input) : input, layer.name);
  },

  Reshape: (layer, inputs) => {
    const x = onlyInput(layer, inputs);
    const shape = targetShape(layer, sizeOf(x.shape));
    return layer.graph.reshape(layer.graph.asIs(x), { name: layer.name, shape }, shape);
  },

  Permute: (layer, inputs) => {
    const input = onlyInput(layer, inputs);
    const x = typeof input.layout === "string" ? input : layer.graph.asIs(input);
    const dims: unknown[] = [layer.config.raw("dims")].flat();
    const axes = x.shape.map((_, i) => i + 1);
    if (dims.toSorted().join() !== axes.join()) {
      return badModel(layer, `"dims" must be some order of ${axes.join(", ")}`);
    }
    const order = dims.map(Number);
    return layer.graph.node("Transpose", [x], {
      name: layer.name,
      shape: order.map((axis) => sizeAlong(x, axis)),
      attributes: { perm: { ints: [0, ...order.map((axis) => storedAxis(x, axis))] } },
    });
  },

  RepeatVector: (layer, inputs) => {
    const x = layer.graph.asIs(onlyInput(layer, inputs));
    const times = layer.config.count("n");
    const [size = 0] = x.shape;
    if (x.shape.length !== 1) return badModel(layer, "takes vectors");
    const row = layer.graph.reshape(x, { name: `${layer.name}/row`, shape: [1, size] }, [1, size]);
    const repeats = layer.constant("repeats", [3], () => int64(1, times, 1));
    return layer.graph.node("Tile", [row, repeats], { name: layer.name, shape: [times, size] });
  },
};

/**
 * An image that tfjs stores as [channels, height, width], with the shape [height, width, channels].
 */
function channelsLast(graph: GraphBuilder, input: Value): Value {
  const channels = itemAt(input.shape, 0);
  return {
    ...graph.asIs(input),
    shape: [...input.shape.slice(1), channels],
    layout: "channels-first",
  };
}

function flatten(graph: GraphBuilder, x: Value, name: string): Value {
  const stored = x.layout === "channels-first" && !isFlat(x.shape);
  return graph.node("Flatten", [x], {
    name,
    shape: [sizeOf(x.shape)],
    layout: stored ? { flattened: x.shape } : "as-is",
  });
}

/** `target_shape` with its one unknown size, null or negative, filled in. */
function targetShape(layer: Layer, size: number): readonly number[] {
  const target = layer.config.raw("target_shape");
  const isSize = (n: unknown): n is number | null => n === null || Number.isSafeInteger(n);
  if (!isList(target) || target.length === 0 || !target.every(isSize)) {
    return badModel(layer, '"target_shape" must be a list of sizes');
  }
  const isKnown = (n: number | null): n is number => n !== null && n >= 0;
  const known = sizeOf(target.filter(isKnown));
  const missing = size / known;
  const shape = target.map((n) => (isKnown(n) ? n : missing));
  const unknowns = target.length - target.filter(isKnown).length;
  if (
    unknowns > 1 ||
    sizeOf(shape) !== size ||
    !shape.every((n) => Number.isSafeInteger(n) && n > 0)
  ) {
    return badModel(layer, `cannot reshape ${size} values to [${target.join(", ")}]`);
  }
  return shape;
}
