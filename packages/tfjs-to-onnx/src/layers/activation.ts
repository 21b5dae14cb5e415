import { transpose } from "../graph/array.ts";
import {
  channelsToFront,
  layoutSuffix,
  storedAxis,
  type GraphBuilder,
  type Value,
} from "../graph/graph.ts";
import {
  asMade,
  badModel,
  onlyInput,
  unsupported,
  type Layer,
  type LayerConverter,
} from "./layer.ts";

/** Appends an activation function; its nodes' names begin with `name`. */
type Activation = (layer: Layer, x: Value, name: string) => Value;

const single =
  (op: string): Activation =>
  ({ graph }, x, name) =>
    graph.elementwise(op, [x], name);

const normalised =
  (op: string): Activation =>
  (layer, x, name) =>
    alongLastAxis(layer, x, { op, name });

/** The activations of tfjs-layers by their names in `model.json`. A new activation is added here. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: (_, x) => x,
  relu: single("Relu"),
  relu6: (layer, x, name) => clip(layer, x, { name, max: 6 }),
  elu: single("Elu"),
  selu: single("Selu"),
  sigmoid: single("Sigmoid"),
  // A line from 0 to 1 with slope 1/6 in Keras 3, and slope 0.2 in earlier versions and in tfjs.
  hard_sigmoid: (layer, x, name) => {
    const slope = { tfjs: 0.2, keras2: 0.2, keras3: 1 / 6 };
    const alpha = asMade(layer, 'the activation "hard_sigmoid"', slope);
    return layer.graph.elementwise("HardSigmoid", [x], {
      name,
      attributes: { alpha: { float: alpha }, beta: { float: 0.5 } },
    });
  },
  tanh: single("Tanh"),
  softplus: single("Softplus"),
  softsign: single("Softsign"),
  softmax: normalised("Softmax"),
  log_softmax: normalised("LogSoftmax"),
  swish,
  // Keras 3's name for it.
  silu: swish,
  mish: ({ graph }, x, name) => {
    const softplus = graph.elementwise("Softplus", [x], `${name}/softplus`);
    const gate = graph.elementwise("Tanh", [softplus], `${name}/tanh`);
    return graph.elementwise("Mul", [x, gate], name);
  },
  // x · Φ(x), with the normal distribution function from the error function.
  gelu: ({ graph }, x, name) => {
    const factor = graph.scalar(`${name}/inverse_sqrt2`, Math.SQRT1_2);
    const scaled = graph.elementwise("Mul", [x, factor], `${name}/scaled`);
    return gated(graph, x, { gate: graph.elementwise("Erf", [scaled], `${name}/erf`), name });
  },
  // x · Φ(x) with a tanh of x + 0.044715 x³ in place of the error function.
  gelu_new: ({ graph }, x, name) => {
    const square = graph.elementwise("Mul", [x, x], `${name}/square`);
    const cubic = graph.scalar(`${name}/cubic`, 0.044715 * Math.sqrt(2 / Math.PI));
    const linear = graph.scalar(`${name}/linear`, Math.sqrt(2 / Math.PI));
    const slope = graph.elementwise("Mul", [square, cubic], `${name}/slope`);
    const sum = graph.elementwise("Add", [slope, linear], `${name}/sum`);
    const argument = graph.elementwise("Mul", [x, sum], `${name}/argument`);
    return gated(graph, x, { gate: graph.elementwise("Tanh", [argument], `${name}/tanh`), name });
  },
};

/** x · σ(x) */
function swish({ graph }: Layer, x: Value, name: string): Value {
  const gate = graph.elementwise("Sigmoid", [x], `${name}/sigmoid`);
  return graph.elementwise("Mul", [x, gate], name);
}

/** 0.5 · x · (1 + gate) */
function gated(
  graph: GraphBuilder,
  x: Value,
  options: { readonly gate: Value; readonly name: string },
): Value {
  const { gate, name } = options;
  const one = graph.scalar(`${name}/one`, 1);
  const half = graph.scalar(`${name}/half`, 0.5);
  const opened = graph.elementwise("Add", [gate, one], `${name}/opened`);
  const product = graph.elementwise("Mul", [x, opened], `${name}/product`);
  return graph.elementwise("Mul", [product, half], name);
}

/** The supported names of `activation`. */
const ACTIVATION_NAMES: readonly string[] = Object.keys(ACTIVATIONS);

/**
 * Applies the activation in a layer's settings; without one, returns the value unchanged.
 *
 * @throws {MienError} `unsupported` for a function that is not in the table.
 */
export function activate(layer: Layer, x: Value): Value {
  const name = layer.config.text("activation") ?? "linear";
  const activation = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (activation === undefined) {
    return unsupported(
      layer,
      `has the activation "${name}"; supported are ${ACTIVATION_NAMES.join(", ")}`,
    );
  }
  return activation(layer, x, `${layer.name}/${name}`);
}

/** Layers that are only an activation: ReLU, ELU, Softmax, … */
export const activationLayers: Readonly<Record<string, LayerConverter>> = {
  Activation: (layer, inputs) => activate(layer, onlyInput(layer, inputs)),

  ReLU: (layer, inputs) => {
    layer.config.only("negative_slope", 0);
    layer.config.only("threshold", 0);
    const x = onlyInput(layer, inputs);
    const max = layer.config.raw("max_value") ?? null;
    if (max === null) return layer.graph.elementwise("Relu", [x], layer.name);
    return clip(layer, x, { name: layer.name, max: layer.config.number("max_value") });
  },

  LeakyReLU: (layer, inputs) =>
    layer.graph.elementwise("LeakyRelu", [onlyInput(layer, inputs)], {
      name: layer.name,
      attributes: {
        // Keras 3 uses the same name as for ReLU.
        alpha: { float: layer.config.number("alpha", layer.config.number("negative_slope", 0.3)) },
      },
    }),

  PReLU: (layer, inputs) => {
    const input = onlyInput(layer, inputs);
    // tfjs counts shared axes from 1, without the batch.
    const shared: unknown[] = [layer.config.raw("shared_axes") ?? []].flat();
    const shape = input.shape.map((size, i) => (shared.includes(i + 1) ? 1 : size));
    const alpha = layer.weight("alpha", shape);
    const x = input.layout === "channels-first" ? input : layer.graph.asIs(input);
    const isImage = x.layout === "channels-first";
    const dims = isImage ? channelsToFront(shape) : shape;
    const slope = layer.constant(`alpha${layoutSuffix(x.layout)}`, dims, () =>
      isImage ? transpose(alpha, shape, channelsToFront([...shape.keys()])) : alpha,
    );
    return layer.graph.elementwise("PRelu", [x, slope], layer.name);
  },

  ELU: (layer, inputs) => {
    layer.config.only("alpha", 1);
    return layer.graph.elementwise("Elu", [onlyInput(layer, inputs)], layer.name);
  },

  ThresholdedReLU: (layer, inputs) =>
    layer.graph.elementwise("ThresholdedRelu", [onlyInput(layer, inputs)], {
      name: layer.name,
      attributes: { alpha: { float: layer.config.number("theta", 1) } },
    }),

  Softmax: (layer, inputs) => {
    const x = onlyInput(layer, inputs);
    const axes: unknown[] = [
      layer.config.raw("axis") ?? (layer.maker.rules === "tfjs" ? 1 : -1),
    ].flat();
    const last = x.shape.length;
    if (axes.length === 1 && (axes[0] === last || axes[0] === -1)) {
      return alongLastAxis(layer, x, { op: "Softmax", name: layer.name });
    }
    return unsupported(layer, `has "axis": ${axes.join()}; supported is the last one, ${last}`);
  },
};

/** Softmax or LogSoftmax along the last axis in tfjs, the only one that it supports. */
function alongLastAxis(
  { graph }: Layer,
  x: Value,
  { op, name }: { readonly op: string; readonly name: string },
): Value {
  const attributes = { axis: { int: storedAxis(x, x.shape.length) } };
  return graph.elementwise(op, [x], { name, attributes });
}

/** min(max, relu(x)) */
function clip(layer: Layer, x: Value, options: { name: string; max: number }): Value {
  const { name, max } = options;
  if (max < 0) return badModel(layer, `has a largest value of ${max}, below 0`);
  const { graph } = layer;
  const limits = [graph.scalar(`${name}/min`, 0), graph.scalar(`${name}/max`, max)] as const;
  return graph.elementwise("Clip", [x, ...limits], name);
}
