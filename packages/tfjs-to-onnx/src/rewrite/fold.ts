import { scaleInputs, scaleOutputs } from "./affine.ts";
import { freshName, links, removeUnused, type DraftGraph } from "../graph/draft-graph.ts";
import { asAffine } from "../layers/normalization.ts";
import type { Attribute, GraphNode } from "../graph/onnx-model.ts";

/**
 * Removes work that the weights can take over, without changing what the graph computes: zero
 * padding before a convolution, batch normalisation after one (also across a pooling), scaling and
 * shifting of the input, reshaping what is reshaped again. A Relu behind a pooling comes before it; then everything that nobody uses. New weights are computed in double
 * precision; weights that are shared with other nodes stay as they are.
 */
export function simplify(graph: DraftGraph): void {
  removeIdentities(graph);
  removeUnused(graph);
  foldPadding(graph);
  foldBatchNormalization(graph);
  foldRescaling(graph);
  reluBeforePooling(graph);
  mergeReshapes(graph);
  removeUnused(graph);
}

/**
 * Conv → MaxPool → Relu becomes Conv → Relu → MaxPool, the same result, where engines compute the
 * Relu on the way out of the convolution.
 */
function reluBeforePooling(graph: DraftGraph): void {
  const { sole } = links(graph);
  for (const relu of graph.nodes) {
    const pool = relu.op === "Relu" ? sole(relu.inputs[0]) : undefined;
    const conv = pool?.op === "MaxPool" ? sole(pool.inputs[0]) : undefined;
    if (pool === undefined || conv?.op !== "Conv") continue;
    // What the pooling alone would have given is no longer there, so neither is its name.
    const early = freshName(graph, `${pool.name}/${relu.name}`);
    pool.outputs = relu.outputs;
    relu.inputs = pool.inputs;
    relu.outputs = [early];
    pool.inputs = [early];
    const [first, second] = [graph.nodes.indexOf(pool), graph.nodes.indexOf(relu)];
    graph.nodes[first] = relu;
    graph.nodes[second] = pool;
  }
}

/** Of changes of shape in a row only the last counts. */
function mergeReshapes(graph: DraftGraph): void {
  const makers = new Map<string | undefined, GraphNode>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) makers.set(output, node);
    if (node.op !== "Reshape") continue;
    let maker = makers.get(node.inputs[0]);
    while (maker !== undefined && keepsBatch(graph, maker)) {
      node.inputs[0] = maker.inputs[0] as string;
      maker = makers.get(node.inputs[0]);
    }
  }
}

/** Whether a node changes the shape and leaves the batch axis, which a 0 in a later shape copies. */
function keepsBatch(graph: DraftGraph, node: GraphNode): boolean {
  if (node.op === "Flatten") return true;
  return node.op === "Reshape" && graph.tensors.get(node.inputs[1] ?? "")?.data[0] === 0n;
}

/** Lets a value bear the name that an Identity would give it. */
function removeIdentities(graph: DraftGraph): void {
  for (const identity of graph.nodes.filter((node) => node.op === "Identity")) {
    const [from = "", to = ""] = [identity.inputs[0], identity.outputs[0]];
    const maker = graph.nodes.find((node) => node.outputs.includes(from));
    if (maker === undefined || graph.outputs.includes(from)) continue;
    const rename = (name: string) => (name === from ? to : name);
    graph.nodes = graph.nodes.filter((node) => node !== identity);
    for (const node of graph.nodes) {
      node.inputs = node.inputs.map(rename);
      node.outputs = node.outputs.map(rename);
    }
  }
}

/** Pad → Conv becomes a convolution with larger pads. */
function foldPadding(graph: DraftGraph): void {
  const { sole, remove } = links(graph);
  for (const conv of graph.nodes) {
    if (conv.op !== "Conv") continue;
    const pad = sole(conv.inputs[0]);
    const amounts = pad?.op === "Pad" ? graph.tensors.get(pad.inputs[1] ?? "")?.data : undefined;
    if (pad === undefined || amounts === undefined) continue;
    // [batch, channels, top, left, batch, channels, bottom, right]
    const added = [2, 3, 6, 7].map((i) => Number(amounts[i]));
    const own = intsOf(conv, "pads") ?? [0, 0, 0, 0];
    conv.attributes["pads"] = { ints: own.map((n, i) => n + (added[i] as number)) };
    conv.inputs[0] = pad.inputs[0] as string;
    remove(pad);
  }
}

/** Conv or Gemm → poolings → BatchNormalization becomes other weights and a bias. */
function foldBatchNormalization(graph: DraftGraph): void {
  const { sole, remove } = links(graph);
  for (const norm of graph.nodes) {
    if (norm.op !== "BatchNormalization") continue;
    const affine = affineOf(graph, norm);
    const before = sole(norm.inputs[0]);
    let target = before;
    const between: GraphNode[] = [];
    while (target !== undefined && passesThrough(target, affine.scale)) {
      between.push(target);
      target = sole(target.inputs[0]);
    }
    if (before === undefined || target === undefined) continue;
    if (!scaleOutputs(graph, target, affine)) continue;
    // What comes out of these is no longer what their layers give, so it must not bear their names.
    let maker = target;
    for (const reader of between.reverse()) {
      rename(graph, maker, reader);
      maker = reader;
    }
    before.outputs = norm.outputs;
    remove(norm);
  }
}

/** Gives a node's output, which one other node reads, a name of its own. */
function rename(graph: DraftGraph, maker: GraphNode, reader: GraphNode): void {
  const [old] = maker.outputs;
  const fresh = freshName(graph, `${maker.name}/folded`);
  maker.outputs = [fresh];
  reader.inputs = reader.inputs.map((name) => (name === old ? fresh : name));
}

/** Whether pooling the scaled and shifted values is scaling and shifting the pooled values. */
function passesThrough(node: GraphNode, scale: Float64Array): boolean {
  if (node.op === "AveragePool" || node.op === "GlobalAveragePool") return true;
  const isMax = node.op === "MaxPool" || node.op === "GlobalMaxPool";
  return isMax && scale.every((factor) => factor >= 0);
}

function affineOf(graph: DraftGraph, norm: GraphNode) {
  const [gamma, beta, mean, variance] = norm.inputs
    .slice(1)
    .map((name) => graph.tensors.get(name)?.data as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const epsilon = norm.attributes["epsilon"] as { float: number };
  return asAffine({ gamma, beta, mean, variance }, epsilon.float);
}

/**
 * Mul by a scalar (→ Add of a scalar) → change of layout → Conv or Gemm becomes other weights.
 * Where the convolution pads, the padding stands for zeros after the shift, so the shift stays.
 */
function foldRescaling(graph: DraftGraph): void {
  const { sole, remove } = links(graph);
  for (const target of graph.nodes) {
    if (target.op !== "Conv" && target.op !== "Gemm") continue;
    let reader = target;
    let node = sole(reader.inputs[0]);
    const between: [GraphNode, GraphNode][] = [];
    while (node !== undefined && LAYOUT_OPS.includes(node.op)) {
      between.push([node, reader]);
      reader = node;
      node = sole(reader.inputs[0]);
    }
    const add = node?.op === "Add" ? node : undefined;
    const shift = add === undefined ? 0 : scalarOf(graph, add);
    const mul = add === undefined ? node : sole(add.inputs[0]);
    const scale = mul?.op === "Mul" ? scalarOf(graph, mul) : undefined;
    if (mul === undefined || scale === undefined || shift === undefined || scale === 0) continue;
    const pads = intsOf(target, "pads") ?? [];
    const absorbsShift = pads.every((n) => n === 0);
    if (!scaleInputs(graph, target, { scale, shift: absorbsShift ? shift : 0 })) continue;
    for (const [maker, next] of between) rename(graph, maker, next);
    if (add === undefined || absorbsShift) {
      reader.inputs[0] = mul.inputs[0] as string;
      if (add !== undefined) remove(add);
    } else {
      const name = freshName(graph, `${add.name}/unscaled`);
      graph.tensors.set(name, { dims: [], data: Float32Array.of(shift / scale) });
      add.inputs = [mul.inputs[0] as string, name];
      // The sum is another one than before, so it gets another name; one node reads it.
      const sum = freshName(graph, `${add.name}/shifted`);
      reader.inputs[0] = sum;
      add.outputs = [sum];
    }
    remove(mul);
  }
}

const LAYOUT_OPS = ["Reshape", "Transpose", "Flatten"];

/** The scalar constant that is a node's second input; undefined if it is not one. */
function scalarOf(graph: DraftGraph, node: GraphNode): number | undefined {
  const tensor = graph.tensors.get(node.inputs[1] ?? "");
  return tensor?.dims.length === 0 ? Number(tensor.data[0]) : undefined;
}

function intsOf(node: GraphNode, attribute: string): readonly number[] | undefined {
  return (node.attributes[attribute] as Extract<Attribute, { ints: unknown }> | undefined)?.ints;
}
