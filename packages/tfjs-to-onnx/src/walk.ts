import { itemAt, MienError } from "@mien/format";
import type { GraphBuilder, Value } from "./graph/graph.ts";
import { LayerConfig } from "./layers/layer-config.ts";
import { LAYERS } from "./layers/layer-table.ts";
import { unsupported, type Layer, type LayerConverter } from "./layers/layer.ts";
import type { Maker } from "./read/maker.ts";
import { layerOf, type LayerSpec, type ModelSpec, type Source } from "./read/topology.ts";
import type { WeightStore } from "./read/weight-store.ts";

/** The state of a conversion: target graph, weights, names. */
export interface Target {
  readonly graph: GraphBuilder;
  readonly weights: WeightStore;
  /** The program whose computation the layers follow. */
  readonly maker: Maker;
  /** Names of the enclosing models, the outermost first. */
  readonly path: readonly string[];
  /** Prefix of all nodes' names: empty, or the path of a nested model. */
  readonly scope: string;
  /** Called with every result of a layer of the outermost model. */
  readonly onLayer?: (layer: string, value: Value) => void;
  /** Converted layers by name, for further calls: weights are stored once. */
  readonly ready?: Map<string, ReadyLayer>;
}

type ReadyLayer = (inputs: readonly Value[]) => readonly Value[];

/**
 * Appends a model to a graph, each layer after the layers whose results it uses.
 *
 * @param inputs one for each of the model's inputs.
 * @returns one for each of the model's outputs.
 */
export function convertModel(
  model: ModelSpec,
  inputs: readonly Value[],
  target: Target,
): readonly Value[] {
  if (inputs.length !== model.inputs.length) {
    throw new MienError(
      "bad-model",
      `model ${model.name} takes ${model.inputs.length} inputs, found ${inputs.length}`,
    );
  }
  const ready = target.ready ?? new Map<string, ReadyLayer>();
  const done = new Map<string, readonly Value[] | "running">();
  model.inputs.forEach(({ layer }, i) => done.set(`0 ${layer}`, [itemAt(inputs, i)]));

  const valueOf = ({ layer: name, call, output }: Source): Value => {
    const key = `${call} ${name}`;
    let values = done.get(key);
    if (values === "running") {
      throw new MienError("bad-model", `layer ${name} depends on its own result`);
    }
    if (values === undefined) {
      done.set(key, "running");
      const spec = layerOf(model, name);
      const sources = spec.calls[call];
      if (sources === undefined) {
        throw new MienError("bad-model", `nothing is fed into the input layer ${name}`);
      }
      const apply = ready.get(name) ?? prepare(spec, target);
      refuseArguments(spec, call, target);
      ready.set(name, apply);
      values = apply(sources.map(valueOf));
      done.set(key, values);
      if (values[0] !== undefined) target.onLayer?.(name, values[0]);
    }
    return itemAt(values, output);
  };

  // Layers are in the order of the file, in which most inputs already exist, so that deep models
  // need no deep recursion.
  for (const { name, calls } of model.layers.values()) {
    calls.forEach((_, call) => valueOf({ layer: name, call, output: 0 }));
  }
  return model.outputs.map(valueOf);
}

/** Refuses further arguments of a call that change the result. */
function refuseArguments(spec: LayerSpec, call: number, { scope }: Target): void {
  for (const [key, value] of Object.entries(spec.settings?.[call] ?? {})) {
    if (value === null || value === false) continue;
    if (key === "name" && typeof value === "string") continue;
    unsupported(
      { label: `layer ${scope}${spec.name} (${spec.className})` },
      `is called with "${key}": ${JSON.stringify(value)}, which cannot be converted`,
    );
  }
}

/** Prepares a layer for its calls. */
function prepare(spec: LayerSpec, target: Target): ReadyLayer {
  const { graph, weights, maker } = target;
  const name = target.scope + spec.name;
  const { model } = spec;
  if (model !== undefined) {
    const inner = {
      graph,
      weights,
      maker,
      scope: `${name}/`,
      path: [...target.path, spec.name],
      ready: new Map<string, ReadyLayer>(),
    };
    return (inputs) => convertModel(model, inputs, inner);
  }
  const label = `layer ${name} (${spec.className})`;
  const constants = new Map<string, string>();
  const path = [...target.path, spec.name];
  const layer: Layer = {
    name,
    label,
    graph,
    maker,
    config: new LayerConfig(spec.config, label),
    weight: (variable, shape) => weights.take({ path, variable }, shape, label),
    weightShape: (variable) => weights.shapeOf({ path, variable }),
    constant: (suffix, dims, data) => {
      const known = constants.get(suffix) ?? graph.tensor(`${name}/${suffix}`, dims, data());
      constants.set(suffix, known);
      return known;
    },
  };
  const convert = converterOf(layer, spec.className);
  return (inputs) => [convert(layer, inputs)];
}

function converterOf(layer: Layer, className: string): LayerConverter {
  const converter = Object.hasOwn(LAYERS, className) ? LAYERS[className] : undefined;
  if (converter !== undefined) return converter;
  const near = RELATED.find(([pattern]) => pattern.test(className))?.[1];
  const hint = near === undefined ? "" : ` similar layers are ${near};`;
  const origin = OTHERS.includes(className)
    ? ""
    : " tfjs has no such layer, and the file does not contain its computation;";
  return unsupported(
    layer,
    `cannot be converted;${origin}${hint} supported are ${Object.keys(LAYERS).join(", ")}`,
  );
}

/**
 * The layers of tfjs that cannot be converted. A layer that is not among them is a custom layer.
 *
 * @internal exported for tests.
 */
export const OTHERS: readonly string[] = [
  ...["RNN", "SimpleRNN", "GRU", "LSTM", "ConvLSTM2D", "StackedRNNCells", "Bidirectional"],
  ...["SimpleRNNCell", "GRUCell", "LSTMCell", "ConvLSTM2DCell", "TimeDistributed", "Embedding"],
  ...["Masking", "CategoryEncoding", "CenterCrop", "RandomWidth", "Resizing"],
];

/** Similar supported layers, for errors. */
const RELATED: readonly (readonly [RegExp, string])[] = [
  [/^SeparableConv\dD$/, "SeparableConv2D"],
  [/^DepthwiseConv\dD$/, "DepthwiseConv2D"],
  [/^Conv\dDTranspose$/, "Conv2DTranspose and Conv3DTranspose"],
  [/^Conv\w*\dD$(?<!LSTM\dD)/, "Conv1D, Conv2D and Conv3D"],
  [/^Global\w*Pool/, "GlobalAveragePooling2D and GlobalMaxPooling2D"],
  [/Pooling\dD$/, "AveragePooling2D and MaxPooling2D"],
  [/^(Group|RMS|Unit|Instance)Normalization$/, "LayerNormalization"],
  [/^ZeroPadding\dD$/, "ZeroPadding2D"],
  [/^Cropping\dD$/, "Cropping2D"],
  [/^UpSampling\dD$/, "UpSampling2D"],
  [/^SpatialDropout\dD$/, "SpatialDropout1D and Dropout"],
  [/(ReLU|ELU)$/, "ReLU, LeakyReLU, PReLU and ELU"],
];
