import { MienError } from "@mien/format";
import type { GraphBuilder, Value } from "./graph.ts";
import { LayerConfig } from "./layer-config.ts";
import { LAYERS } from "./layer-table.ts";
import { unsupported, type Layer, type LayerConverter } from "./layer.ts";
import type { LayerSpec, ModelSpec, Source } from "./topology.ts";
import type { WeightStore } from "./weight-store.ts";

/** Where the layers of a model are converted to. */
export interface Target {
  readonly graph: GraphBuilder;
  readonly weights: WeightStore;
  /** Begins the names of all nodes: empty, or the path of a model inside a model. */
  readonly scope: string;
  /** Told of every call of a layer of the outermost model. */
  readonly onLayer?: (layer: string, value: Value) => void;
  /** Layers that are ready to be called again, by name, so that a model's weights are there once. */
  readonly ready?: Map<string, ReadyLayer>;
}

type ReadyLayer = (inputs: readonly Value[]) => readonly Value[];

/**
 * Appends a model to a graph, every layer after those that it needs.
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
  model.inputs.forEach(({ layer }, i) => done.set(`0 ${layer}`, [inputs[i] as Value]));

  const valueOf = ({ layer: name, call, output }: Source): Value => {
    const key = `${call} ${name}`;
    let values = done.get(key);
    if (values === "running") {
      throw new MienError("bad-model", `layer ${name} depends on its own result`);
    }
    if (values === undefined) {
      done.set(key, "running");
      const spec = model.layers.get(name) as LayerSpec;
      const sources = spec.calls[call];
      if (sources === undefined) {
        throw new MienError("bad-model", `nothing is fed into the input layer ${name}`);
      }
      const apply = ready.get(name) ?? prepare(spec, target);
      ready.set(name, apply);
      values = apply(sources.map(valueOf));
      done.set(key, values);
      if (values[0] !== undefined) target.onLayer?.(name, values[0]);
    }
    return values[output] as Value;
  };

  // In the order of the file, what a layer needs is there already, and deep models need no deep stack.
  for (const { name, calls } of model.layers.values()) {
    calls.forEach((_, call) => valueOf({ layer: name, call, output: 0 }));
  }
  return model.outputs.map(valueOf);
}

/** A layer, ready to be called. */
function prepare(spec: LayerSpec, target: Target): ReadyLayer {
  const { graph, weights } = target;
  const name = target.scope + spec.name;
  const { model } = spec;
  if (model !== undefined) {
    const inner = { graph, weights, scope: `${name}/`, ready: new Map<string, ReadyLayer>() };
    return (inputs) => convertModel(model, inputs, inner);
  }
  const label = `layer ${name} (${spec.className})`;
  const constants = new Map<string, string>();
  // Inside another model Keras 3 puts that model's name first, tfjs and Keras 2 do not.
  const weightName = (variable: string) => {
    const scoped = `${name}/${variable}`;
    return weights.shapeOf(scoped) === undefined ? `${spec.name}/${variable}` : scoped;
  };
  const layer: Layer = {
    name,
    label,
    graph,
    config: new LayerConfig(spec.config, label),
    weight: (variable, shape) => weights.take(weightName(variable), shape, label),
    weightShape: (variable) => weights.shapeOf(weightName(variable)),
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
  const known = Object.keys(LAYERS);
  return unsupported(
    layer,
    `cannot be converted; nearest is ${nearest(className, known)}, supported are ${known.join(", ")}`,
  );
}

/** The name that shares the longest beginning and end with a word. */
function nearest(word: string, names: readonly string[]): string {
  const alike = (name: string) => {
    const most = Math.min(word.length, name.length);
    let start = 0;
    while (start < most && word[start] === name[start]) start++;
    let end = 0;
    while (end < most - start && word.at(-1 - end) === name.at(-1 - end)) end++;
    return start + end;
  };
  return names.reduce((best, name) => (alike(name) > alike(best) ? name : best));
}
