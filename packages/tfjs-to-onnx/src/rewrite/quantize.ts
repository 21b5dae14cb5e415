import { itemAt } from "@mien/format";
import { floatTensor, freshName, removeUnused, type DraftGraph } from "../graph/draft-graph.ts";
import type { Graph, GraphNode, Tensor } from "../graph/onnx-model.ts";

/** Quantisation range: the smallest and the largest value; values beyond are clipped. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The scale and zero point of a quantised value: (q − zero) · scale. */
interface Step {
  readonly scale: number;
  /** 0–255 */
  readonly zero: number;
}

/** Operators with weights for which onnxruntime has integer kernels. */
const WEIGHTED = ["Conv", "Gemm", "MatMul"];
/** Operators that do not change values. */
const PASSING = ["MaxPool", "Reshape", "Flatten", "Transpose"];
/** Operators that onnxruntime computes on bytes if all inputs are bytes. */
const FOLLOWING = ["Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "LeakyRelu"];

/**
 * The values that `quantize` converts to bytes and whose ranges it needs: inputs and outputs of
 * convolutions and dense layers, and the values between them.
 */
export function quantizedValues(graph: Graph): string[] {
  return [...plan(graph)].filter(([value, like]) => value === like).map(([value]) => value);
}

/**
 * Quantises a graph to 8 bits: values as unsigned bytes with a zero point, weights as signed bytes
 * with a scale per output channel, in pairs of QuantizeLinear and DequantizeLinear, which onnxruntime
 * fuses into integer kernels. The rest stays float32.
 *
 * Weights use 7 bits, −63 to 63, because products of two full bytes overflow the 16-bit sums of
 * processors without VNNI.
 *
 * @param graph in opset 13 to 20.
 * @param ranges by value, at least those of `quantizedValues`.
 * @see https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
 */
export function quantize(graph: Graph, ranges: ReadonlyMap<string, Range>): Graph {
  const draft: DraftGraph = {
    nodes: [],
    tensors: new Map(graph.tensors),
    outputs: graph.outputs.map(({ name }) => name),
  };
  const steps = new Map<string, Step>();
  for (const [value, like] of plan(graph)) steps.set(value, stepOf(ranges.get(like)));
  const replacements = new Map<string, string>();

  const quantizeValue = (value: string): void => {
    const step = steps.get(value);
    if (step === undefined) return;
    const scale = add(draft, `${value}/scale`, { dims: [], data: Float32Array.of(step.scale) });
    const zero = add(draft, `${value}/zero`, { dims: [], data: Uint8Array.of(step.zero) });
    const [bytes, floats] = [`${value}/bytes`, `${value}/floats`];
    draft.nodes.push(
      node("QuantizeLinear", [value, scale, zero], bytes),
      node("DequantizeLinear", [bytes, scale, zero], floats),
    );
    replacements.set(value, floats);
  };

  for (const { name } of graph.inputs) quantizeValue(name);
  for (const original of graph.nodes) {
    const copy = { ...original, inputs: [...original.inputs] };
    if (isWeighted(graph, original)) {
      const input = steps.get(itemAt(original.inputs, 0));
      if (input !== undefined) quantizeWeights(draft, copy, input);
    }
    copy.inputs = copy.inputs.map((name) => replacements.get(name) ?? name);
    draft.nodes.push(copy);
    copy.outputs.forEach(quantizeValue);
  }
  removeUnused(draft);
  return { ...graph, nodes: draft.nodes, tensors: draft.tensors };
}

/**
 * The values that become bytes, each with the value whose range it shares: itself, unless its node
 * does not change values.
 */
function plan(graph: Graph): Map<string, string> {
  const found = new Map<string, string>();
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const take = (value: string | undefined, like = value) => {
    if (value === undefined || outputs.has(value) || found.has(value)) return;
    found.set(value, like ?? value);
  };
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    const inputs = node.inputs.filter((name) => name !== "" && !graph.tensors.has(name));
    const [input] = inputs;
    if (isWeighted(graph, node)) {
      take(input);
      // A dense layer may output floats; a convolution on bytes must output bytes.
      if (node.op === "Conv" && !feedsRelu(graph, output)) take(output);
    } else if (node.op === "Relu") {
      const maker = graph.nodes.find((other) => other.outputs.includes(input ?? ""));
      if (maker?.op === "Conv" && isWeighted(graph, maker)) take(output);
    } else if (inputs.every((name) => found.has(name))) {
      if (PASSING.includes(node.op)) take(output, found.get(input ?? ""));
      if (FOLLOWING.includes(node.op)) take(output);
    }
  }
  return found;
}

/** Whether only a Relu reads a value, so that the two are fused. */
function feedsRelu(graph: Graph, value: string | undefined): boolean {
  const readers = graph.nodes.filter((node) => node.inputs.includes(value ?? ""));
  return readers.length === 1 && readers[0]?.op === "Relu";
}

function isWeighted(graph: Graph, node: GraphNode): boolean {
  const kernel = graph.tensors.get(node.inputs[1] ?? "");
  return (
    WEIGHTED.includes(node.op) && kernel?.data instanceof Float32Array && kernel.dims.length > 1
  );
}

/** Scale and zero point of a range; zero is represented exactly, as padding needs it. */
function stepOf(range: Range | undefined): Step {
  const { min, max } = range ?? { min: 0, max: 1 };
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)];
  const scale = (high - low) / 255 || 1;
  return { scale, zero: Math.round(-low / scale) };
}

const LARGEST_WEIGHT = 63;
/** Largest bias in quantisation steps: half the range of int32. */
const LARGEST_BIAS = 2 ** 30;

/** Quantises weights to bytes with a scale per output, and the bias to the scale of the products. */
function quantizeWeights(draft: DraftGraph, target: GraphNode, input: Step): void {
  const [x, kernelName, biasName] = target.inputs;
  const kernel = floatTensor(draft, kernelName);
  if (x === undefined || kernel === undefined) return;
  const axis = target.op === "Conv" ? 0 : kernel.dims.length - 1;
  const outputs = itemAt(kernel.dims, axis);
  const each = target.op === "Conv" ? kernel.data.length / outputs : 1;
  const outputOf = (i: number) => Math.floor(i / each) % outputs;
  const largest = new Float32Array(outputs);
  /** By filter, the positions of its weights in the kernel. */
  const positions = Array.from({ length: outputs }, (): number[] => []);
  kernel.data.forEach((weight, i) => {
    const output = outputOf(i);
    largest[output] = Math.max(itemAt(largest, output), Math.abs(weight));
    positions[output]?.push(i);
  });
  const filters = positions.map((those) => those.map((i) => itemAt(kernel.data, i)));
  const bias = floatTensor(draft, biasName)?.data;
  // A filter with tiny weights still needs a scale that is large enough for its bias.
  const least = (i: number) => Math.abs(bias?.[i] ?? 0) / (input.scale * LARGEST_BIAS);
  const scales = largest.map(
    (weight, i) => Math.max(weight / stepsOf(itemAt(filters, i), weight), least(i)) || 1,
  );
  const bytes = new Int8Array(kernel.data.length);
  filters.forEach((filter, output) => {
    const rounded = roundFilter(filter, itemAt(scales, output));
    rounded.forEach((steps, at) => (bytes[itemAt(itemAt(positions, output), at)] = steps));
  });
  const attributes = { axis: { int: axis } };
  const stored = add(draft, `${kernelName}/bytes`, { dims: kernel.dims, data: bytes });
  const scale = add(draft, `${kernelName}/scale`, { dims: [outputs], data: scales });
  const zero = add(draft, `${kernelName}/zero`, { dims: [outputs], data: new Int8Array(outputs) });
  const floats = freshName(draft, `${kernelName}/floats`);
  draft.nodes.push({ ...node("DequantizeLinear", [stored, scale, zero], floats), attributes });
  target.inputs = [x, floats];
  if (bias === undefined) return;
  const units = scales.map((weight) => weight * input.scale);
  const whole = Int32Array.from(bias, (value, i) => Math.round(value / itemAt(units, i)));
  const biasStored = add(draft, `${biasName}/steps`, { dims: [outputs], data: whole });
  const unit = add(draft, `${biasName}/scale`, { dims: [outputs], data: units });
  const biasZero = add(draft, `${biasName}/zero`, {
    dims: [outputs],
    data: new Int32Array(outputs),
  });
  const biasFloats = freshName(draft, `${biasName}/floats`);
  draft.nodes.push({
    ...node("DequantizeLinear", [biasStored, unit, biasZero], biasFloats),
    attributes: { axis: { int: 0 } },
  });
  target.inputs.push(biasFloats);
}

/**
 * The number of quantisation steps of a filter's largest weight: `LARGEST_WEIGHT`, or a smaller
 * number with which every weight is a whole number of steps. There is such a number for fixed filters
 * with simple fractions, such as a blur, whose sum must stay 1; practically never for trained ones.
 */
function stepsOf(filter: readonly number[], largest: number): number {
  for (let steps = LARGEST_WEIGHT; steps > LARGEST_WEIGHT / 2; steps--) {
    const isWhole = (weight: number) => {
      const exact = (weight / largest) * steps;
      return Math.abs(exact - Math.round(exact)) < 1e-5;
    };
    if (filter.every(isWhole)) return steps;
  }
  return LARGEST_WEIGHT;
}

/**
 * Rounds the weights of a filter to whole steps, some of them to the farther neighbour, so that the sum
 * of all errors is at most half a step. The inputs of a layer are mostly positive, so this sum moves
 * all of its outputs in the same direction.
 *
 * @see Guo et al. 2022, SQuant (ICLR): its part for whole filters. For the released `deep`, this halves
 * the number of predictions that 8 bits change.
 */
function roundFilter(filter: readonly number[], step: number): Int8Array {
  const rounded = Int8Array.from(filter, (weight) => Math.round(weight / step));
  const errors = filter.map((weight, i) => weight / step - itemAt(rounded, i));
  const sum = errors.reduce((total, error) => total + error, 0);
  const sign = Math.sign(sum);
  const order = errors
    .map((_, i) => i)
    .filter((i) => Math.abs(itemAt(rounded, i) + sign) <= LARGEST_WEIGHT)
    .sort((a, b) => sign * (itemAt(errors, b) - itemAt(errors, a)));
  for (const i of order.slice(0, Math.round(Math.abs(sum)))) rounded[i] = itemAt(rounded, i) + sign;
  return rounded;
}

/** Adds a constant and returns its name, made unique if taken. */
function add(draft: DraftGraph, name: string, tensor: Tensor): string {
  const fresh = freshName(draft, name);
  draft.tensors.set(fresh, tensor);
  return fresh;
}

function node(op: string, inputs: string[], output: string): GraphNode {
  return { op, name: output, inputs, outputs: [output], attributes: {} };
}
