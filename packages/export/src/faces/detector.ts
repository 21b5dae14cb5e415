import type { Graph, Value, Weight } from "@mien/tfjs-to-onnx";
import { ByteGraph } from "./byte-graph.ts";
import { foldMean } from "./fold-mean.ts";

/** Pixels that one cell of the detector's answer stands for, each way. */
export const DETECTOR_CELL = 32;

/** How the detector's answer becomes boxes. */
export const DETECTOR_DECODE = {
  cell: DETECTOR_CELL,
  /** Width and height of the boxes that each cell starts from, in cells. */
  anchors: [
    [1.603231, 2.094468],
    [6.041143, 7.080126],
    [2.882459, 3.518061],
    [4.266906, 5.178857],
    [9.041765, 10.66308],
  ],
  /** The longer side of the image that the network was made for, in pixels. */
  longerSide: 416,
  scoreThreshold: 0.5,
  /** Of two boxes that overlap by more (intersection over union), the better one stays. */
  overlapThreshold: 0.4,
} as const;

/** Numbers a cell: five anchors of x, y, width, height and score. */
export const DETECTOR_CHANNELS = 5 * DETECTOR_DECODE.anchors.length;

/** Mean of red, green and blue, 0–255. */
const MEAN = [117.001, 114.697, 97.404];
const SLOPE = 0.10000000149011612;

/**
 * The tiny face detector of face-api: [N, height, width, 3] RGB 0–255, sides multiples of 32 →
 * [N, height / 32, width / 32, 25], before any sigmoid (`DETECTOR_DECODE`).
 *
 * @param weights of `tiny_face_detector_model`.
 */
export function detectorGraph(weights: Readonly<Record<string, Weight>>): Graph {
  const net = new ByteGraph(weights);
  const { graph } = net;
  // The graph holds for every size; this one stands for all while it is built.
  const side = 13 * DETECTOR_CELL;
  const input: Value = { name: "input", shape: [side, side, 3], layout: "as-is" };
  const leaky = (x: Value) =>
    graph.elementwise("LeakyRelu", [x], `${x.name}/leaky`, { alpha: { float: SLOPE } });
  const pool = (x: Value, name: string, { stride, after }: { stride: number; after: number }) => {
    const [height, width, depth] = x.shape as [number, number, number];
    const size = (length: number) => Math.floor((length + after - 2) / stride) + 1;
    return graph.node("MaxPool", [x], {
      name,
      shape: [size(height), size(width), depth],
      layout: "channels-first",
      attributes: {
        kernel_shape: { ints: [2, 2] },
        strides: { ints: [stride, stride] },
        pads: { ints: [0, 0, after, after] },
      },
    });
  };

  const outputs = net.outputs("conv0/filters");
  const folded = foldMean(net, {
    kernel: "conv0/filters",
    mean: MEAN,
    scale: new Float32Array(outputs).fill(1),
    bias: net.floats("conv0/bias"),
  });
  let x = leaky(net.convolve(input, "conv0", folded));
  for (let i = 1; i <= 5; i++) {
    // The unpadded first convolution takes two rows: only the second pooling meets an odd side.
    x = pool(x, `pool${i}`, { stride: 2, after: i === 2 ? 1 : 0 });
    const name = `conv${i}`;
    x = net.convolve(x, `${name}/depthwise`, {
      kernel: `${name}/depthwise_filter`,
      depthwise: true,
      pad: 1,
    });
    x = leaky(
      net.convolve(x, name, {
        kernel: `${name}/pointwise_filter`,
        bias: net.floats(`${name}/bias`),
      }),
    );
  }
  x = pool(x, "pool6", { stride: 1, after: 1 });
  x = net.convolve(x, "conv8", { kernel: "conv8/filters", bias: net.floats("conv8/bias") });
  graph.asIs(x);
  (graph.nodes.at(-1) as { outputs: string[] }).outputs = ["output"];
  return {
    name: "face_detector",
    inputs: [{ name: "input", shape: ["height", "width", 3] }],
    outputs: [{ name: "output", shape: ["rows", "columns", DETECTOR_CHANNELS] }],
    nodes: graph.nodes,
    tensors: graph.tensors,
  };
}
