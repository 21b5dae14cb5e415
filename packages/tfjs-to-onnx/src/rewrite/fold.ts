import { itemAt } from "@mien/format";
import { scaleInputs, scaleOutputs } from "./affine.ts";
import {
  floatOf,
  floatTensor,
  freshName,
  intsOf,
  links,
  removeUnused,
  type DraftGraph,
} from "../graph/draft-graph.ts";
import { asAffine } from "../layers/normalization.ts";
import type { GraphNode } from "../graph/onnx-model.ts";

/**
 * Simplifies a graph without changing its outputs. Folds into the weights: zero padding before a
 * convolution, batch normalisation after one (also across a pooling), scaling and shifting of the
 * input. Moves a Relu from after a max pooling to before it, merges successive reshapes, and removes unused
 * nodes. New weights are computed in double precision; weights shared with other nodes are not
 * changed.
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
 * Conv → MaxPool → Relu becomes Conv → Relu → MaxPool: the result is the same, and engines fuse the
 * Relu into the convolution.
 */
function reluBeforePooling(graph: DraftGraph): void {
  const { sole } = links(graph);
  for (const relu of graph.nodes) {
    const pool = relu.op === "Relu" ? sole(relu.inputs[0]) : undefined;
    const conv = pool?.op === "MaxPool" ? sole(pool.inputs[0]) : undefined;
    if (pool === undefined || conv?.op !== "Conv") continue;
    // The result of the pooling before the Relu no longer exists, so its name is removed.
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

/** Of successive reshapes only the last one is kept. */
function mergeReshapes(graph: DraftGraph): void {
  const makers = new Map<string | undefined, GraphNode>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) makers.set(output, node);
    if (node.op !== "Reshape") continue;
    let maker = makers.get(node.inputs[0]);
    while (maker !== undefined && keepsBatch(graph, maker)) {
      node.inputs[0] = itemAt(maker.inputs, 0);
      maker = makers.get(node.inputs[0]);
    }
  }
}

/** Whether a node changes the shape but keeps the batch axis, which a 0 in a later shape copies. */
function keepsBatch(graph: DraftGraph, node: GraphNode): boolean {
  if (node.op === "Flatten") return true;
  return node.op === "Reshape" && graph.tensors.get(node.inputs[1] ?? "")?.data[0] === 0n;
}

/** Replaces an Identity: its input gets the name of its output. */
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
    conv.attributes["pads"] = { ints: own.map((n, i) => n + itemAt(added, i)) };
    conv.inputs[0] = itemAt(pad.inputs, 0);
    remove(pad);
  }
}

/** Conv or Gemm → pooling, once or more → BatchNormalization is folded into weights and bias. */
function foldBatchNormalization(graph: DraftGraph): void {
  const { sole, remove } = links(graph);
  for (const norm of graph.nodes) {
    if (norm.op !== "BatchNormalization") continue;
    const affine = affineOf(graph, norm);
    if (affine === undefined) continue;
    const before = sole(norm.inputs[0]);
    let target = before;
    const between: GraphNode[] = [];
    while (target !== undefined && passesThrough(target, affine.scale)) {
      between.push(target);
      target = sole(target.inputs[0]);
    }
    if (before === undefined || target === undefined) continue;
    if (!scaleOutputs(graph, target, affine)) continue;
    // Their results are no longer the layers' results, so they must not have the layers' names.
    let maker = target;
    for (const reader of between.reverse()) {
      rename(graph, maker, reader);
      maker = reader;
    }
    before.outputs = norm.outputs;
    remove(norm);
  }
}

/** Renames a node's output, which one other node reads. */
function rename(graph: DraftGraph, maker: GraphNode, reader: GraphNode): void {
  const [old] = maker.outputs;
  const fresh = freshName(graph, `${maker.name}/folded`);
  maker.outputs = [fresh];
  reader.inputs = reader.inputs.map((name) => (name === old ? fresh : name));
}

/** Whether pooling commutes with scaling and shifting. */
function passesThrough(node: GraphNode, scale: Float64Array): boolean {
  if (node.op === "AveragePool" || node.op === "GlobalAveragePool") return true;
  const isMax = node.op === "MaxPool" || node.op === "GlobalMaxPool";
  return isMax && scale.every((factor) => factor >= 0);
}

function affineOf(graph: DraftGraph, norm: GraphNode) {
  const [gamma, beta, mean, variance] = norm.inputs
    .slice(1)
    .map((name) => floatTensor(graph, name)?.data);
  const epsilon = floatOf(norm, "epsilon");
  if (!gamma || !beta || !mean || !variance || epsilon === undefined) return undefined;
  return asAffine({ gamma, beta, mean, variance }, epsilon);
}

/**
 * Mul by a scalar (→ Add of a scalar) → change of layout → Conv or Gemm is folded into the weights.
 * If the convolution pads, its zeros are meant after the shift, so the shift is kept.
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
      reader.inputs[0] = itemAt(mul.inputs, 0);
      if (add !== undefined) remove(add);
    } else {
      const name = freshName(graph, `${add.name}/unscaled`);
      graph.tensors.set(name, { dims: [], data: Float32Array.of(shift / scale) });
      add.inputs = [itemAt(mul.inputs, 0), name];
      // The sum has another value now, so it gets another name; only one node reads it.
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
