import { MienError, type ModelInput, type PixelValues } from "@mien/format";
import { type Graph, type GraphNode, OPSETS, type Tensor } from "@mien/tfjs-to-onnx";

/** The weights of red, green and blue in a grey value (ITU-R BT.601 luma), as in `prepareImages`. */
const LUMA = [0.299, 0.587, 0.114] as const;
/** The first operator set whose `Resize` can avoid aliasing. */
const RESIZE_OPSET = 18;
const STD = 0.5;

/**
 * The value that a model adds to each pixel before its first layer, usually minus the mean of the
 * training images; 0 if its graph does not begin with such an addition.
 */
export function shiftOf(graph: Graph): number {
  const first = firstAddition(graph);
  return first === undefined ? 0 : first.shift;
}

/**
 * The normalisation of `pixel_values` for a shift: (pixel / 255 − mean) / std is
 * (pixel + shift) / 127.5.
 */
export function pixelValuesOf(shift: number): PixelValues {
  // Without the sum, a shift of 0 would give −0.
  const mean = 0 - shift / 255;
  return { mean: [mean, mean, mean], std: [STD, STD, STD] };
}

/**
 * Rewrites the graph of an expression model to Hugging Face's layout: input `pixel_values`, float32
 * [N, 3, height, width] of any height and width, normalised with `pixelValuesOf(shift)`; output
 * `logits`, whose softmax is the output of the given graph. Images are converted to grey if the model
 * is grey, and scaled to the input size as `prepareImages` does.
 *
 * @param source the graph, its operator set, the model's input, and the name of the file in errors.
 * @param shift of the normalisation; `shiftOf(graph)`, or that of another precision of the model.
 * @returns the graph, and the operator set that it needs.
 * @throws {MienError} `unsupported` if the graph does not have one input and end in a softmax.
 */
export function toHubGraph(
  source: {
    readonly graph: Graph;
    readonly opset: number;
    readonly input: ModelInput;
    readonly name: string;
  },
  shift: number,
): { graph: Graph; opset: number } {
  const { graph, input, name } = source;
  const opset = Math.max(source.opset, RESIZE_OPSET);
  const [port, ...otherInputs] = graph.inputs;
  const [output, ...otherOutputs] = graph.outputs;
  const softmax = graph.nodes.find((node) => node.outputs.includes(output?.name ?? ""));
  const logits = softmax?.inputs[0];
  if (port === undefined || output === undefined || softmax?.op !== "Softmax" || !logits) {
    throw unsupported(name, `it ends in ${softmax?.op ?? "no node"}, expected a Softmax`);
  }
  if (otherInputs.length + otherOutputs.length > 0) {
    throw unsupported(name, "it has several inputs or outputs");
  }
  const addition = firstAddition(graph);
  // Another precision of the model may not begin with the addition: then its bias takes it back.
  const skipped = addition?.shift === shift ? addition.node : undefined;
  const bias = skipped === undefined ? -shift : 0;
  const start = skipped?.outputs[0] ?? port.name;
  const tensors = new Map(graph.tensors);
  const upgraded = graph.nodes
    .filter((node) => node !== softmax && node !== skipped)
    .map((node) => upgrade(node, { from: source.opset, tensors }))
    .map((node) => ({
      ...node,
      inputs: node.inputs.map((value) => (value === logits ? "logits" : value)),
      outputs: node.outputs.map((value) => (value === logits ? "logits" : value)),
    }));
  const nodes = [...preprocessing({ input, bias, result: start, tensors }), ...upgraded];
  // The constant of the addition has no use any more; onnxruntime warns about such constants.
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return {
    opset,
    graph: {
      name: graph.name,
      inputs: [{ name: "pixel_values", shape: [3, "height", "width"] }],
      outputs: [{ ...output, name: "logits" }],
      nodes,
      tensors: new Map([...tensors].filter(([name]) => used.has(name))),
    },
  };
}

/** The addition of one constant to the input, if nothing else reads the input. */
function firstAddition(graph: Graph): { node: GraphNode; shift: number } | undefined {
  const name = graph.inputs[0]?.name ?? "";
  const [node, ...others] = graph.nodes.filter(({ inputs }) => inputs.includes(name));
  if (node?.op !== "Add" || others.length > 0) return undefined;
  const constant = graph.tensors.get(node.inputs.find((input) => input !== name) ?? "");
  const [shift] = constant?.data ?? [];
  const isOne = constant?.data instanceof Float32Array && constant.data.length === 1;
  return isOne && typeof shift === "number" ? { node, shift } : undefined;
}

/** The nodes from `pixel_values` to the input of the model: [N, height, width, channels], 0–255. */
function preprocessing({
  input,
  bias,
  result,
  tensors,
}: {
  readonly input: ModelInput;
  /** Added to each pixel. */
  readonly bias: number;
  /** Name of the value that the model reads. */
  readonly result: string;
  readonly tensors: Map<string, Tensor>;
}): GraphNode[] {
  const { height, width, channels } = input;
  const colours = [0, 1, 2];
  const kernel =
    channels === 1
      ? [...LUMA]
      : colours.flatMap((to) => colours.map((from) => (to === from ? 1 : 0)));
  const constants: Record<string, Tensor> = {
    "hub/pixels/kernel": {
      dims: [channels, 3, 1, 1],
      data: Float32Array.from(kernel, (weight) => weight * 255 * STD),
    },
    "hub/pixels/bias": { dims: [channels], data: new Float32Array(channels).fill(bias) },
    "hub/resized/sizes": { dims: [2], data: BigInt64Array.of(BigInt(height), BigInt(width)) },
  };
  for (const [name, tensor] of Object.entries(constants)) tensors.set(name, tensor);
  return [
    {
      op: "Conv",
      name: "hub/pixels",
      inputs: ["pixel_values", "hub/pixels/kernel", "hub/pixels/bias"],
      outputs: ["hub/pixels"],
      attributes: {},
    },
    {
      op: "Resize",
      name: "hub/resized",
      inputs: ["hub/pixels", "", "", "hub/resized/sizes"],
      outputs: ["hub/resized"],
      attributes: {
        antialias: { int: 1 },
        axes: { ints: [2, 3] },
        // Without it, onnxruntime repeats the border pixels, which changes the two outermost rows.
        exclude_outside: { int: 1 },
        coordinate_transformation_mode: { text: "half_pixel" },
        mode: { text: "linear" },
      },
    },
    {
      op: "Transpose",
      name: "hub/channels_last",
      inputs: ["hub/resized"],
      outputs: [result],
      attributes: { perm: { ints: [0, 2, 3, 1] } },
    },
  ];
}

/** Rewrites a node of an older operator set for operator set 18, where axes became an input. */
function upgrade(
  node: GraphNode,
  { from, tensors }: { readonly from: number; readonly tensors: Map<string, Tensor> },
): GraphNode {
  const { axes, ...attributes } = node.attributes;
  if (from >= RESIZE_OPSET || node.op !== "ReduceMean" || axes === undefined || !("ints" in axes)) {
    return node;
  }
  const name = `hub/${node.name}/axes`;
  tensors.set(name, { dims: [axes.ints.length], data: BigInt64Array.from(axes.ints, BigInt) });
  return { ...node, inputs: [...node.inputs, name], attributes };
}

function unsupported(name: string, problem: string): MienError {
  return new MienError("unsupported", `${name} cannot be written for Hugging Face: ${problem}`, {
    advice: `Use an expression model that export:onnx made, with an opset up to ${OPSETS.newest}.`,
  });
}
