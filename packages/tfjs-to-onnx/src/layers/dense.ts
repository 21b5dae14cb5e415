import { lastSize, transpose } from "../graph/array.ts";
import { channelsToFront, layoutSuffix, type Layout, type Value } from "../graph/graph.ts";
import { onlyInput, type Layer, type LayerConverter } from "./layer.ts";
import { activate } from "./activation.ts";

export const denseLayers: Readonly<Record<string, LayerConverter>> = {
  Dense: (layer, inputs) => {
    const input = onlyInput(layer, inputs);
    return activate(
      layer,
      input.shape.length === 1 ? onVectors(layer, input) : onRows(layer, input),
    );
  },
};

/** [N, inputs] → [N, units]; the kernel's rows are reordered if the input is a flattened image. */
function onVectors(layer: Layer, x: Value): Value {
  const { kernel, bias, units, size } = variables(layer, x);
  const weights = layer.constant(`kernel${layoutSuffix(x.layout)}`, [size, units], () =>
    inLayout(kernel, x.layout, units),
  );
  return layer.graph.node("Gemm", [x, weights, ...bias], { name: layer.name, shape: [units] });
}

/** [N, …, inputs] → [N, …, units] */
function onRows(layer: Layer, input: Value): Value {
  const x = layer.graph.asIs(input);
  const { kernel, bias, units, size } = variables(layer, x);
  const weights = layer.constant("kernel", [size, units], () => kernel);
  const shape = [...x.shape.slice(0, -1), units];
  const [addend] = bias;
  if (addend === undefined) {
    return layer.graph.node("MatMul", [x, weights], { name: layer.name, shape });
  }
  const product = layer.graph.node("MatMul", [x, weights], { name: `${layer.name}/matmul`, shape });
  return layer.graph.elementwise("Add", [product, addend], layer.name);
}

function variables(layer: Layer, x: Value) {
  const units = layer.config.count("units");
  const size = lastSize(x.shape);
  const kernel = layer.weight("kernel", [size, units]);
  const bias: string[] = [];
  if (layer.config.flag("use_bias", true)) {
    const values = layer.weight("bias", [units]);
    bias.push(layer.constant("bias", [units], () => values));
  }
  return { kernel, bias, units, size };
}

/**
 * Reorders the first axis of an array from the order in which tfjs flattens an image (height, width,
 * channels) to the order in which the value is stored.
 *
 * @param width number of values that belong to each position of the first axis.
 */
export function inLayout(data: Float32Array, layout: Layout, width: number): Float32Array {
  if (typeof layout === "string") return data;
  const { flattened } = layout;
  const axes = [...channelsToFront([...flattened.keys()]), flattened.length];
  return transpose(data, [...flattened, width], axes);
}
