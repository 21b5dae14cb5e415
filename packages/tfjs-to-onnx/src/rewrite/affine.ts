import { itemAt } from "@mien/format";
import { sizeOf } from "../graph/array.ts";
import { floatTensor, freshName, type DraftGraph } from "../graph/draft-graph.ts";
import type { GraphNode } from "../graph/onnx-model.ts";

/**
 * Scales and shifts the output of a Conv, ConvTranspose or Gemm, per output channel.
 *
 * @returns false, without a change, for any other node.
 */
export function scaleOutputs(
  graph: DraftGraph,
  node: GraphNode,
  affine: { readonly scale: Float64Array; readonly shift: Float64Array },
): boolean {
  const { scale, shift } = affine;
  const weights = weightsOf(graph, node);
  if (weights === undefined) return false;
  const { kernel, bias, outputOf } = weights;
  setWeights(graph, node, {
    kernel: kernel.data.map((w, i) => w * itemAt(scale, outputOf(i))),
    bias: Float32Array.from(scale, (s, i) => (bias?.[i] ?? 0) * s + itemAt(shift, i)),
  });
  return true;
}

/**
 * Folds x · scale + shift of the input x into a Conv or Gemm.
 *
 * @returns false, without a change, for any other node.
 */
export function scaleInputs(
  graph: DraftGraph,
  node: GraphNode,
  affine: { readonly scale: number; readonly shift: number },
): boolean {
  const { scale, shift } = affine;
  const weights = weightsOf(graph, node);
  if (weights === undefined) return false;
  const { kernel, bias, outputs, outputOf } = weights;
  const sums = Float64Array.from({ length: outputs }, (_, i) => bias?.[i] ?? 0);
  kernel.data.forEach((w, i) => {
    const output = outputOf(i);
    sums[output] = itemAt(sums, output) + w * shift;
  });
  setWeights(graph, node, {
    kernel: kernel.data.map((w) => w * scale),
    bias: bias === undefined && shift === 0 ? undefined : Float32Array.from(sums),
  });
  return true;
}

function weightsOf(graph: DraftGraph, node: GraphNode) {
  if (node.op !== "Conv" && node.op !== "Gemm" && node.op !== "ConvTranspose") return undefined;
  const kernel = floatTensor(graph, node.inputs[1]);
  if (kernel === undefined) return undefined;
  const bias = floatTensor(graph, node.inputs[2])?.data;
  // Kernels are [outputs, …] of Conv, [inputs, outputs] of Gemm, [inputs, outputs, …] of
  // ConvTranspose.
  const axis = node.op === "Conv" ? 0 : 1;
  const outputs = itemAt(kernel.dims, axis);
  const each = sizeOf(kernel.dims.slice(axis + 1));
  const outputOf = (i: number) => Math.floor(i / each) % outputs;
  return { kernel, bias, outputs, outputOf };
}

/** Gives a node new weights; the old ones may be shared with other nodes. */
function setWeights(
  graph: DraftGraph,
  node: GraphNode,
  weights: { kernel: Float32Array; bias: Float32Array | undefined },
): void {
  const dims = graph.tensors.get(node.inputs[1] ?? "")?.dims ?? [];
  const kernel = freshName(graph, `${node.name}/kernel/folded`);
  graph.tensors.set(kernel, { dims, data: weights.kernel });
  node.inputs = [itemAt(node.inputs, 0), kernel];
  if (weights.bias === undefined) return;
  const bias = freshName(graph, `${node.name}/bias/folded`);
  graph.tensors.set(bias, { dims: [weights.bias.length], data: weights.bias });
  node.inputs.push(bias);
}
