import { itemAt, MienError } from "@mien/format";
import { freshName, type DraftGraph } from "../graph/draft-graph.ts";
import { FLOAT, type Graph, type GraphNode } from "../graph/onnx-model.ts";

/** Float16 in TensorProto.DataType. */
const HALF = 10;

/** Inputs of nodes that must stay float32. */
const FLOAT_INPUTS: Readonly<Record<string, number>> = { Resize: 2 };

/**
 * Converts a graph to 16-bit floats, with weights of half the size. Inputs, outputs and a final
 * softmax stay float32.
 *
 * @throws {MienError} `unsupported` if a weight is beyond 65,504, the largest number of float16.
 */
export function toHalf(graph: Graph): Graph {
  const draft: DraftGraph = {
    nodes: [],
    tensors: new Map(graph.tensors),
    outputs: graph.outputs.map(({ name }) => name),
  };
  const replacements = new Map<string, string>();
  const cast = (from: string, to: string, type: number) =>
    draft.nodes.push({
      op: "Cast",
      name: to,
      inputs: [from],
      outputs: [to],
      attributes: { to: { int: type } },
    });
  for (const { name } of graph.inputs) {
    const half = freshName(draft, `${name}/half`);
    cast(name, half, HALF);
    replacements.set(name, half);
  }
  const kept = new Set<string>();
  for (const original of graph.nodes) {
    const copy: GraphNode = {
      ...original,
      inputs: original.inputs.map((name) => replacements.get(name) ?? name),
    };
    const float = original.inputs[FLOAT_INPUTS[original.op] ?? -1];
    if (float !== undefined) kept.add(float);
    const output = itemAt(original.outputs, 0);
    if (!draft.outputs.includes(output)) {
      draft.nodes.push(copy);
    } else if (original.op === "Softmax") {
      const logits = freshName(draft, `${output}/logits`);
      cast(itemAt(copy.inputs, 0), logits, FLOAT);
      draft.nodes.push({ ...copy, inputs: [logits] });
      if (graph.nodes.some(({ inputs }) => inputs.includes(output))) {
        const half = freshName(draft, `${output}/half`);
        cast(output, half, HALF);
        replacements.set(output, half);
      }
    } else {
      const half = freshName(draft, `${output}/half`);
      draft.nodes.push({ ...copy, outputs: [half] });
      cast(half, output, FLOAT);
      replacements.set(output, half);
    }
  }
  for (const [name, { dims, data }] of graph.tensors) {
    if (!(data instanceof Float32Array) || kept.has(name)) continue;
    draft.tensors.set(name, { dims, data: Uint16Array.from(data, (value) => halfOf(value, name)) });
  }
  return { ...graph, nodes: draft.nodes, tensors: draft.tensors };
}

/** The bits of the nearest float16, ties to even. */
function halfOf(value: number, name: string): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Below 2^-14 the spacing of values is constant.
  const exponent = size === 0 ? -14 : Math.max(-14, Math.floor(Math.log2(size)));
  const steps = roundToEven(size / 2 ** (exponent - 10));
  // If the fraction is rounded up to 1,024, this sum increases the exponent by 1.
  const bits = steps + (exponent + 14) * 1024;
  if (bits < 0x7c00) return sign + bits;
  throw new MienError("unsupported", `${name} holds ${value}, which float16 cannot express`);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
