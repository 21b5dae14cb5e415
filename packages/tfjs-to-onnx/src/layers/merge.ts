import { itemAt } from "@mien/format";
import { dot } from "./dot.ts";
import { sizeAlong, storedAxis, type Value } from "../graph/graph.ts";
import { badModel, checkAxis, type Layer, type LayerConverter } from "./layer.ts";

export const mergeLayers: Readonly<Record<string, LayerConverter>> = {
  Add: (layer, inputs) => combining(inputs.length === 2 ? "Add" : "Sum")(layer, inputs),
  Average: combining("Mean"),
  Maximum: combining("Max"),
  Minimum: combining("Min"),
  Subtract: (layer, inputs) => {
    if (inputs.length !== 2) return badModel(layer, `takes two inputs, found ${inputs.length}`);
    return combining("Sub")(layer, inputs);
  },
  Multiply: (layer, inputs) => {
    const { shape, values } = broadcast(layer, inputs);
    const { name, graph } = layer;
    return values.reduce((product, value, i) => {
      const last = i === inputs.length - 1;
      return graph.node("Mul", [product, value], {
        name: last ? name : `${name}/product`,
        shape,
        layout: value.layout,
      });
    });
  },

  Dot: (layer, inputs) => dot(layer, inputs),

  Concatenate: (layer, inputs) => {
    const values = layer.graph.aligned(severalInputs(layer, inputs)).map((value) =>
      // A flattened image is brought into order before something is appended.
      typeof value.layout === "string" ? value : layer.graph.asIs(value),
    );
    const first = itemAt(values, 0);
    const axis = checkAxis(layer, layer.config.number("axis", -1), first);
    const rest = (value: Value) => value.shape.filter((_, i) => i !== axis - 1).join();
    if (values.some((value) => rest(value) !== rest(first))) {
      const shapes = inputs.map((value) => `[${value.shape.join(", ")}]`).join(" and ");
      return badModel(layer, `cannot join ${shapes} along axis ${axis}`);
    }
    const shape = first.shape.map((size, i) =>
      i === axis - 1 ? values.reduce((sum, value) => sum + sizeAlong(value, axis), 0) : size,
    );
    return layer.graph.node("Concat", values, {
      name: layer.name,
      shape,
      layout: first.layout,
      attributes: { axis: { int: storedAxis(first, axis) } },
    });
  },
};

/** Appends a node that combines any number of inputs element by element. */
function combining(op: string): LayerConverter {
  return (layer, inputs) => {
    const { shape, values } = broadcast(layer, inputs);
    const { layout } = itemAt(values, 0);
    return layer.graph.node(op, values, { name: layer.name, shape, layout });
  };
}

/**
 * Converts inputs to one layout and rank, and finds their common shape, to which axes of length 1 are
 * broadcast. As in tfjs, an input of lower rank gets axes of length 1 after the batch.
 */
function broadcast(
  layer: Layer,
  inputs: readonly Value[],
): { shape: readonly number[]; values: readonly Value[] } {
  const { graph } = layer;
  const rank = Math.max(...severalInputs(layer, inputs).map((value) => value.shape.length));
  const ranked = inputs.map((value) => {
    const missing = rank - value.shape.length;
    if (missing === 0) return value;
    const shape = [...new Array<number>(missing).fill(1), ...value.shape];
    return graph.reshape(graph.asIs(value), { name: `${value.name}/ranked`, shape }, shape);
  });
  const shape = Array.from({ length: rank }, (_, i) =>
    Math.max(...ranked.map((value) => itemAt(value.shape, i))),
  );
  if (ranked.some((value) => value.shape.some((size, i) => size !== shape[i] && size !== 1))) {
    const shapes = inputs.map((value) => `[${value.shape.join(", ")}]`).join(" and ");
    return badModel(layer, `cannot merge ${shapes}`);
  }
  // A flattened image and one of another shape have their memory in different orders.
  const values = graph.aligned(ranked);
  const flattened = values.some((value) => typeof value.layout !== "string");
  const mixed = values.some((value) => value.shape.join() !== shape.join());
  return { shape, values: flattened && mixed ? values.map((value) => graph.asIs(value)) : values };
}

function severalInputs(layer: Layer, inputs: readonly Value[]): readonly [Value, ...Value[]] {
  const [first, ...rest] = inputs;
  if (first !== undefined && rest.length > 0) return [first, ...rest];
  return badModel(layer, `takes at least two inputs, found ${inputs.length}`);
}
