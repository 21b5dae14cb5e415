import { itemAt, MienError } from "@mien/format";
import { isIndex, isList, isObject, type Json } from "./json.ts";

/** One of the results of a layer: which layer, which of its calls, which of the call's outputs. */
export interface Source {
  readonly layer: string;
  /** 0 unless the layer is shared. */
  readonly call: number;
  /** 0 unless the layer is a model with several outputs. */
  readonly output: number;
}

/** One layer, and where it is applied. */
export interface LayerSpec {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Inputs of each call; a shared layer has several calls. */
  readonly calls: readonly (readonly Source[])[];
  /** Further arguments of each call, e.g. `training`; absent in sequential models. */
  readonly settings?: readonly Readonly<Record<string, unknown>>[];
  /** Present if the layer is itself a model. */
  readonly model?: ModelSpec;
}

/** A model, sequential or functional: both are graphs of layers here. */
export interface ModelSpec {
  readonly name: string;
  /** In the order of the file. */
  readonly layers: ReadonlyMap<string, LayerSpec>;
  readonly inputs: readonly Source[];
  readonly outputs: readonly Source[];
}

/**
 * The layer of a model with that name.
 *
 * @throws {MienError} `bad-model` if it does not exist.
 */
export function layerOf(model: ModelSpec, name: string): LayerSpec {
  return model.layers.get(name) ?? fail(`there is no layer ${name}`);
}

/** Class names of models, as tfjs and the versions of Keras write them. */
const FUNCTIONAL = ["Model", "Functional", "LayersModel"];

/**
 * Reads `modelTopology` of a LayersModel into one form for sequential, functional and nested models.
 *
 * @throws {MienError} `bad-model` if it is malformed, refers to a layer that does not exist, or
 * holds a class that is no model.
 */
export function parseTopology(topology: unknown): ModelSpec {
  // Keras' converter wraps the object that tfjs writes directly.
  const wrapped = isObject(topology) ? topology["model_config"] : undefined;
  const model = wrapped ?? topology;
  if (!isObject(model)) return fail("the topology is not an object");
  const spec = parseModel(model);
  return spec ?? fail(`the topology is a ${JSON.stringify(model["class_name"])}, not a model`);
}

function parseModel(model: Json): ModelSpec | undefined {
  const { class_name: className, config } = model;
  if (className === "Sequential") return parseSequential(config);
  const isFunctional = typeof className === "string" && FUNCTIONAL.includes(className);
  return isFunctional ? parseFunctional(config) : undefined;
}

function parseSequential(config: unknown): ModelSpec {
  const list: unknown = Array.isArray(config) ? config : isObject(config) ? config["layers"] : null;
  if (!Array.isArray(list) || list.length === 0) return fail("a Sequential model has no layers");
  const name = isObject(config) && typeof config["name"] === "string" ? config["name"] : "model";
  const parsed = list.map(parseLayer);
  const first = itemAt(parsed, 0);
  if (first.className !== "InputLayer") {
    const shape =
      first.config["batch_input_shape"] ??
      first.config["batch_shape"] ??
      inputShapeOf(first.model) ??
      (isObject(config) ? config["build_input_shape"] : undefined);
    const input = { batch_input_shape: shape, dtype: first.config["dtype"] };
    parsed.unshift({ name: `${name}/input`, className: "InputLayer", config: input, calls: [] });
  }
  const layers = new Map<string, LayerSpec>();
  let previous: Source | undefined;
  for (const layer of parsed) {
    add(layers, { ...layer, calls: previous === undefined ? [] : [[previous]] });
    previous = { layer: layer.name, call: 0, output: 0 };
  }
  const input = { layer: itemAt(parsed, 0).name, call: 0, output: 0 };
  const output = { layer: itemAt(parsed, parsed.length - 1).name, call: 0, output: 0 };
  return { name, layers, inputs: [input], outputs: [output] };
}

function inputShapeOf(model: ModelSpec | undefined): unknown {
  const first = model?.inputs[0];
  const config = first && model.layers.get(first.layer)?.config;
  return config?.["batch_input_shape"] ?? config?.["batch_shape"];
}

function parseFunctional(config: unknown): ModelSpec {
  const entries = isObject(config) ? config["layers"] : undefined;
  if (!isObject(config) || !isList(entries)) return fail("a model has no layers");
  const name = typeof config["name"] === "string" ? config["name"] : "model";
  const layers = new Map<string, LayerSpec>();
  for (const entry of entries) {
    const nodes: unknown = isObject(entry) ? (entry["inbound_nodes"] ?? []) : [];
    if (!Array.isArray(nodes)) return fail(`"inbound_nodes" of a layer must be a list`);
    const layer = parseLayer(entry);
    add(layers, {
      ...layer,
      calls: nodes.map((node) => parseSources(node, layer.name)),
      settings: nodes.map(parseSettings),
    });
  }
  const inputs = parseSources(config["input_layers"], "input_layers");
  const outputs = parseSources(config["output_layers"], "output_layers");
  if (inputs.length === 0 || outputs.length === 0) {
    return fail(`model ${name} needs at least one input and one output`);
  }
  const nodesOf = (entry: unknown) => (isObject(entry) ? entry["inbound_nodes"] : undefined);
  const all = entries.flatMap(nodesOf);
  const form = all.some(isObject) ? "keras3" : "keras2";
  return resolveCalls({ name, layers, inputs, outputs, form });
}

function parseLayer(entry: unknown): LayerSpec {
  if (!isObject(entry) || typeof entry["class_name"] !== "string" || !isObject(entry["config"])) {
    return fail('every layer must have "class_name" and "config"');
  }
  const { class_name: className, config } = entry;
  const given = config["name"] ?? entry["name"];
  // tfjs invents a name for an input without one; only a Sequential model refers to it.
  const name = given ?? (className === "InputLayer" ? "input" : undefined);
  if (typeof name !== "string" || name === "") return fail(`a ${className} layer has no name`);
  const model = parseModel(entry);
  return {
    name,
    className: classOf(className, entry),
    config,
    calls: [],
    ...(model === undefined ? {} : { model }),
  };
}

/**
 * A layer's class name; with its module if it is not a layer of Keras, such as Keras 3's
 * operations.
 */
function classOf(name: string, entry: Json): string {
  const { module, registered_name: registered, config, inbound_nodes: nodes } = entry;
  if (typeof registered === "string" && registered.includes(">")) return registered;
  if (typeof module === "string") {
    const isKeras =
      /^(keras|tf_keras|tensorflow)(\.|$)/.test(module) &&
      !/\.(ops|activations)(\.|$)/.test(module);
    return isKeras || COMBINING.includes(`${module}.${name}`) ? name : `${module}.${name}`;
  }
  // The tfjs converter drops the module; an operation of Keras 3 has no setting except its name.
  const bare = isObject(config) && Object.keys(config).join() === "name";
  const isOperation = bare && isList(nodes) && isObject(nodes[0]);
  return isOperation && !COMBINING.includes(`keras.src.ops.numpy.${name}`)
    ? `operation ${name}`
    : name;
}

/** Operations of Keras 3 that equal layers, for tensors of one rank. */
const COMBINING = ["Add", "Subtract", "Multiply", "Maximum", "Minimum"].map(
  (name) => `keras.src.ops.numpy.${name}`,
);

/** The arguments of a call that are not tensors, by keyword or position. */
function parseSettings(node: unknown): Readonly<Record<string, unknown>> {
  if (isObject(node)) {
    const { args, kwargs } = node;
    const list = Array.isArray(args) ? args : [];
    const others = list.filter((value) => kerasTensors(value).length === 0);
    const keywords = Object.entries(isObject(kwargs) ? kwargs : {});
    const told = Object.fromEntries(keywords.filter(([key]) => key !== "inputs"));
    return { ...told, ...(others.length === 0 ? {} : { arguments: others }) };
  }
  const list = Array.isArray(node) ? (typeof node[0] === "string" ? [node] : node) : [];
  const all = list.map((entry: unknown) => (isList(entry) ? entry[3] : {}));
  return Object.fromEntries(all.filter(isObject).flatMap((settings) => Object.entries(settings)));
}

/** `[["layer", call, output, {}], …]`, or one such entry without the outer list. */
function parseSources(node: unknown, where: string): readonly Source[] {
  const value = isObject(node) ? tensorsOf(node) : node;
  if (!Array.isArray(value)) return fail(`the inputs of ${where} are not a list`);
  const list: unknown[] = typeof value[0] === "string" ? [value] : value;
  return list.map((entry) => {
    const [layer, call, output] = isList(entry) ? entry : [];
    if (typeof layer !== "string" || !isIndex(call) || !isIndex(output)) {
      return fail(`an input of ${where} must be [layer, call, output]`);
    }
    return { layer, call, output };
  });
}

function tensorsOf({ args, kwargs }: Json): unknown[] {
  return [...kerasTensors(args), ...(isObject(kwargs) ? kerasTensors(kwargs["inputs"]) : [])];
}

/** The sources of the tensors among Keras 3's arguments, in order. */
function kerasTensors(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(kerasTensors);
  if (!isObject(value)) return [];
  const { class_name: className, config } = value;
  return className === "__keras_tensor__" && isObject(config) ? [config["keras_history"]] : [];
}

/**
 * Checks that every source exists, and renumbers calls from 0: for a nested model, Keras and tfjs
 * count its own construction as the first call, so the calls in the file begin at 1.
 */
function resolveCalls(model: ModelSpec & { readonly form: "keras2" | "keras3" }): ModelSpec {
  const sources = [...model.layers.values()].flatMap((layer) => layer.calls.flat());
  const countedFromOne = (places: readonly Source[], always: boolean) =>
    new Set(
      [...model.layers.values()]
        .filter(({ name, model: inner, className, calls }) => {
          const counts = places.filter(({ layer }) => layer === name).map(({ call }) => call);
          const alone = always && className !== "Sequential" && Math.min(...counts) > 0;
          return inner !== undefined && (alone || counts.some((call) => call >= calls.length));
        })
        .map(({ name }) => name),
    );
  // Keras 3 counts the calls of a functional model from 1 among the outputs, from 0 elsewhere.
  const ports = [...model.inputs, ...model.outputs];
  const inNodes = countedFromOne(model.form === "keras3" ? sources : [...sources, ...ports], false);
  const inPorts = model.form === "keras3" ? countedFromOne(ports, true) : inNodes;
  const resolveBy =
    (fromOne: ReadonlySet<string>) =>
    (source: Source): Source => {
      const layer = model.layers.get(source.layer);
      if (layer === undefined) return fail(`there is no layer ${source.layer}`);
      const call = source.call - (fromOne.has(source.layer) ? 1 : 0);
      const calls = layer.className === "InputLayer" ? 1 : layer.calls.length;
      const outputs = layer.model?.outputs.length ?? 1;
      if (call < 0 || call >= calls || source.output >= outputs) {
        return fail(
          `layer ${source.layer} has no call ${source.call} with output ${source.output}`,
        );
      }
      return { ...source, call };
    };
  const layers = new Map<string, LayerSpec>();
  for (const [name, layer] of model.layers) {
    layers.set(name, { ...layer, calls: layer.calls.map((call) => call.map(resolveBy(inNodes))) });
  }
  const inputs = model.inputs.map(resolveBy(inPorts));
  const notInput = inputs.find(({ layer }) => layers.get(layer)?.className !== "InputLayer");
  if (notInput !== undefined) return fail(`input ${notInput.layer} is not an InputLayer`);
  return { ...model, layers, inputs, outputs: model.outputs.map(resolveBy(inPorts)) };
}

function add(layers: Map<string, LayerSpec>, layer: LayerSpec): void {
  if (layers.has(layer.name)) fail(`two layers are called ${layer.name}`);
  layers.set(layer.name, layer);
}

function fail(problem: string): never {
  throw new MienError("bad-model", `the model's topology is malformed: ${problem}`);
}
