import { storedAxis, type Value } from "../graph.ts";
import { badModel, checkAxis, unsupported, type Layer, type LayerConverter } from "../layer.ts";

export const mergeLayers: Readonly<Record<string, LayerConverter>> = {
  Add: combining("Sum"),
  Average: combining("Mean"),
  Maximum: combining("Max"),
  Minimum: combining("Min"),
  Multiply: (layer, inputs) => {
    const shape = broadcastShape(layer, inputs);
    const { name, graph } = layer;
    return graph.aligned(inputs).reduce((product, value, i) => {
      const last = i === inputs.length - 1;
      return graph.node("Mul", [product, value], {
        name: last ? name : `${name}/product`,
        shape,
        layout: value.layout,
      });
    });
  },

  Concatenate: (layer, inputs) => {
    const values = layer.graph.aligned(severalInputs(layer, inputs)).map((value) =>
      // What is flattened must be in order before something is put behind it.
      typeof value.layout === "string" ? value : layer.graph.asIs(value),
    );
    const first = values[0] as Value;
    const axis = checkAxis(layer, layer.config.number("axis", -1), first);
    const rest = (value: Value) => value.shape.filter((_, i) => i !== axis - 1).join();
    if (values.some((value) => rest(value) !== rest(first))) {
      const shapes = inputs.map((value) => `[${value.shape.join(", ")}]`).join(" and ");
      return badModel(layer, `cannot join ${shapes} along axis ${axis}`);
    }
    const shape = first.shape.map((size, i) =>
      i === axis - 1 ? values.reduce((sum, value) => sum + (value.shape[i] as number), 0) : size,
    );
    return layer.graph.node("Concat", values, {
      name: layer.name,
      shape,
      layout: first.layout,
      attributes: { axis: { int: storedAxis(first, axis) } },
    });
  },
};

/** A node that takes any number of inputs and combines them element by element. */
function combining(op: string): LayerConverter {
  return (layer, inputs) => {
    const shape = broadcastShape(layer, inputs);
    const values = layer.graph.aligned(inputs);
    const { layout } = values[0] as Value;
    return layer.graph.node(op, values, { name: layer.name, shape, layout });
  };
}

/** The common shape of inputs of one rank, where an axis of length 1 is repeated. */
function broadcastShape(layer: Layer, inputs: readonly Value[]): readonly number[] {
  const [first] = severalInputs(layer, inputs);
  const shape = first.shape.map((_, i) => Math.max(...inputs.map((v) => v.shape[i] ?? 0)));
  if (inputs.some((value) => value.shape.length !== shape.length)) {
    return unsupported(layer, "merges inputs of different rank; supported are equal ranks");
  }
  if (inputs.some((value) => value.shape.some((size, i) => size !== shape[i] && size !== 1))) {
    const shapes = inputs.map((value) => `[${value.shape.join(", ")}]`).join(" and ");
    return badModel(layer, `cannot merge ${shapes}`);
  }
  return shape;
}

function severalInputs(layer: Layer, inputs: readonly Value[]): readonly [Value, ...Value[]] {
  const [first, ...rest] = inputs;
  if (first !== undefined && rest.length > 0) return [first, ...rest];
  return badModel(layer, `takes at least two inputs, found ${inputs.length}`);
}
