import { itemAt, MienError } from "@mien/format";
import { scaleOutputs } from "./affine.ts";
import { freshName, links, type DraftGraph } from "../graph/draft-graph.ts";

/**
 * Divides the logits by a temperature before the final softmax, which changes the confidence of the
 * model but not its predictions. The division is folded into a dense layer before the softmax.
 *
 * @param temperature above 0; 1 changes nothing.
 * @throws {MienError} `bad-config` for other temperatures; `unsupported` if an output is not a
 * softmax.
 * @see https://arxiv.org/abs/1706.04599
 */
export function applyTemperature(graph: DraftGraph, temperature: number): void {
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new MienError("bad-config", `a temperature must be above 0, found ${temperature}`);
  }
  if (temperature === 1) return;
  for (const output of graph.outputs) {
    const softmax = graph.nodes.find((node) => node.outputs.includes(output));
    if (softmax?.op !== "Softmax") {
      throw new MienError(
        "unsupported",
        `a temperature needs a softmax as the last step, found ${softmax?.op ?? "nothing"}`,
      );
    }
    const logits = itemAt(softmax.inputs, 0);
    const maker = links(graph).sole(logits);
    if (maker?.op === "Gemm") {
      const units = graph.tensors.get(maker.inputs[1] ?? "")?.dims[1] ?? 0;
      const scale = new Float64Array(units).fill(1 / temperature);
      if (scaleOutputs(graph, maker, { scale, shift: new Float64Array(units) })) {
        // These are no longer the layer's own logits.
        const scaled = freshName(graph, `${logits}/tempered`);
        maker.outputs = [scaled];
        softmax.inputs[0] = scaled;
        continue;
      }
    }
    const factor = freshName(graph, `${softmax.name}/inverse_temperature`);
    graph.tensors.set(factor, { dims: [], data: Float32Array.of(1 / temperature) });
    const scaled = freshName(graph, `${softmax.name}/logits`);
    const mul = { op: "Mul", name: scaled, inputs: [logits, factor], outputs: [scaled] };
    graph.nodes.splice(graph.nodes.indexOf(softmax), 0, { ...mul, attributes: {} });
    softmax.inputs[0] = scaled;
  }
}
