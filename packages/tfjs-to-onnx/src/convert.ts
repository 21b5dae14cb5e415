import { itemAt, MienError } from "@mien/format";
import { removeUnused, type DraftGraph } from "./graph/draft-graph.ts";
import { simplify } from "./rewrite/fold.ts";
import { GraphBuilder, type Value } from "./graph/graph.ts";
import { toHalf } from "./rewrite/half.ts";
import type { LayersModel } from "./read/read-model.ts";
import { encodeOnnxModel, OPSETS, type Graph, type Port } from "./graph/onnx-model.ts";
import { applyTemperature } from "./rewrite/temperature.ts";
import { makerOf } from "./read/maker.ts";
import { isCount, isObject } from "./read/json.ts";
import { layerOf, parseTopology, type ModelSpec, type Source } from "./read/topology.ts";
import { convertModel } from "./walk.ts";
import { nameArchivedWeights } from "./read/weight-names.ts";
import { WeightStore } from "./read/weight-store.ts";

/** Options of a conversion: names, metadata, operator set, precision. */
export interface ConvertOptions {
  /** The file's `metadata_props`; default none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Name of the only input; default `input`. A model with several keeps its input layers' names. */
  readonly inputName?: string;
  /** Name of the only output; default `output`. Several outputs keep their layers' names. */
  readonly outputName?: string;
  /**
   * Sizes of inputs that the model leaves open, without the batch axis: one list for the only
   * input, or lists by the names of the input layers. Sizes that the model states must be the same.
   */
  readonly inputShape?: readonly number[] | Readonly<Record<string, readonly number[]>>;
  /** Divides the logits before the final softmax; above 0, default 1. */
  readonly temperature?: number;
  /** The operator set of the file, 13–21; default 17. */
  readonly opset?: number;
  /** Precision of the computation; inputs and outputs are always float32. Default `fp32`. */
  readonly precision?: "fp32" | "fp16";
}

/**
 * Converts a tfjs LayersModel to an ONNX file with the same outputs.
 *
 * Inputs and outputs keep their shapes and order of axes (images stay [N, height, width, channels]); N
 * is dynamic. Inside the graph, images have their channels first, and batch normalisation, zero
 * padding and rescaling are folded into the weights where that is exact.
 *
 * @returns the file; the same bytes for the same arguments.
 * @throws {MienError} `unsupported` naming the first layer or setting that cannot be converted, and
 * the supported ones; `bad-model` if topology and weights do not match; `bad-config` for a temperature
 * that is not above 0, or an unsupported operator set.
 * @example
 * const model = await readLayersModel("artifacts/runs/study-net/model");
 * await writeFile("model.onnx", convertLayersModel(model, { outputName: "probabilities" }));
 */
export function convertLayersModel(model: LayersModel, options: ConvertOptions = {}): Uint8Array {
  const graph = convertToGraph(model, options);
  return encodeOnnxModel(options.precision === "fp16" ? toHalf(graph) : graph, options);
}

/** The graph of the file that `convertLayersModel` writes. */
export function convertToGraph(model: LayersModel, options: ConvertOptions = {}): Graph {
  return convertWithLayers(model, options).graph;
}

/**
 * The same graph, and for each layer, by its name, the name of the value that its last call returns. If a
 * layer was folded into another one, the graph has no value of that name.
 */
export function convertWithLayers(
  model: LayersModel,
  options: ConvertOptions = {},
): { graph: Graph; layers: ReadonlyMap<string, Value> } {
  const { opset = OPSETS.usual } = options;
  if (!Number.isSafeInteger(opset) || opset < OPSETS.oldest || opset > OPSETS.newest) {
    throw new MienError(
      "bad-config",
      `an opset must be a whole number from ${OPSETS.oldest} to ${OPSETS.newest}, found ${opset}`,
    );
  }
  const spec = parseTopology(model.topology);
  checkShapeNames(spec, options.inputShape);
  const taken: string[] = [];
  const inputNames = portNames(spec.inputs, options.inputName ?? "input", taken);
  const outputNames = portNames(spec.outputs, options.outputName ?? "output", taken);
  const graph = new GraphBuilder([...inputNames, ...outputNames], opset);
  const weights = new WeightStore(nameArchivedWeights(spec, model.weights));

  const inputs = spec.inputs.map((source, i): Value => {
    const shape = inputShape(spec, source, options.inputShape);
    return { name: itemAt(inputNames, i), shape, layout: "as-is" };
  });
  const layers = new Map<string, Value>();
  const onLayer = (name: string, value: Value) => layers.set(name, value);
  const outputs = convertModel(spec, inputs, {
    graph,
    weights,
    maker: model.maker ?? makerOf(model.topology),
    scope: "",
    path: [spec.name],
    onLayer,
  });
  weights.requireAllUsed();

  const draft: DraftGraph = { nodes: graph.nodes, tensors: graph.tensors, outputs: outputNames };
  const outputPorts = outputs.map((output, i): Port => {
    const name = itemAt(outputNames, i);
    const from = graph.asIs(output).name;
    for (const [layer, value] of layers) {
      if (value.name === from) layers.set(layer, { ...value, name });
    }
    draft.nodes.push({
      op: "Identity",
      name: `${name}/identity`,
      inputs: [from],
      outputs: [name],
      attributes: {},
    });
    return { name, shape: output.shape };
  });
  simplify(draft);
  if (options.temperature !== undefined) {
    applyTemperature(draft, options.temperature);
    removeUnused(draft);
  }
  requireFinite(draft);
  const { nodes, tensors } = draft;
  return { graph: { name: spec.name, inputs, outputs: outputPorts, nodes, tensors }, layers };
}

/**
 * Names of inputs or outputs: a single input or output has the given name, several have their
 * layers' names. Adds the names to `taken`.
 */
function portNames(sources: readonly Source[], name: string, taken: string[]): string[] {
  return sources.map(({ layer }) => {
    const wanted = sources.length === 1 ? name : layer;
    let unique = wanted;
    for (let n = 2; taken.includes(unique); n++) unique = `${wanted}_${n}`;
    taken.push(unique);
    return unique;
  });
}

function inputShape(
  model: ModelSpec,
  source: Source,
  given: ConvertOptions["inputShape"],
): readonly number[] {
  const { name, config } = layerOf(model, source.layer);
  const dtype = dtypeOf(config["dtype"]);
  if (dtype !== "float32") {
    throw new MienError(
      "unsupported",
      `input ${name} is ${JSON.stringify(dtype)}, supported is float32`,
    );
  }
  const batchShape = config["batch_input_shape"] ?? config["batch_shape"];
  if (!Array.isArray(batchShape) || batchShape.length < 2) {
    throw new MienError("bad-model", `input ${name} has no "batch_input_shape"`);
  }
  const stated: readonly unknown[] = batchShape.slice(1);
  const shape = withSizes(name, stated, isList(given) ? given : given?.[name]);
  if (!shape.every(isCount)) {
    throw new MienError(
      "unsupported",
      `input ${name} has the shape ${JSON.stringify(batchShape)}; every size but the first must be known`,
      { advice: "State the sizes: --input-shape height,width,channels, or the option inputShape." },
    );
  }
  return shape;
}

/** @throws {MienError} `bad-config` if a shape belongs to no input, or an unnamed one to several. */
function checkShapeNames(spec: ModelSpec, given: ConvertOptions["inputShape"]): void {
  if (given === undefined) return;
  const names = spec.inputs.map(({ layer }) => layer);
  if (isList(given)) {
    if (names.length === 1) return;
    throw new MienError(
      "bad-config",
      `the model has ${names.length} inputs, so every shape needs the name of one: ${names.join(", ")}`,
    );
  }
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new MienError("bad-config", `no input is called ${unknown}; there are ${names.join(", ")}`);
}

function isList(shape: ConvertOptions["inputShape"]): shape is readonly number[] {
  return Array.isArray(shape);
}

/** The sizes that a model states, completed by the given ones. */
function withSizes(
  input: string,
  stated: readonly unknown[],
  given: readonly number[] | undefined,
): readonly unknown[] {
  if (given === undefined) return stated;
  const fits =
    given.length === stated.length &&
    given.every(
      (size, i) => Number.isSafeInteger(size) && size > 0 && size === (stated[i] ?? size),
    );
  if (fits) return given;
  const open = stated.map((size) => (typeof size === "number" ? size : "?")).join(", ");
  throw new MienError(
    "bad-config",
    `the shape [${given.join(", ")}] does not fit input ${input}, which is [${open}] without the batch`,
  );
}

/** A layer's data type; Keras 3 wraps its name in a policy. */
function dtypeOf(dtype: unknown): unknown {
  if (!isObject(dtype)) return dtype ?? "float32";
  const { config } = dtype;
  return (isObject(config) ? config["name"] : undefined) ?? dtype;
}

/** Checks that folded weights are finite: folding may leave the range of float32. */
function requireFinite(graph: DraftGraph): void {
  for (const [name, { data }] of graph.tensors) {
    if (data instanceof Float32Array && !data.every((value) => Number.isFinite(value))) {
      throw new MienError("bad-model", `the constant ${name} is not finite in float32`);
    }
  }
}
