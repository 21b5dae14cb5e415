import type { Graph, Value, Weight } from "@mien/tfjs-to-onnx";
import { ByteGraph, nameOutput, sizesOf } from "./byte-graph.ts";
import { foldMean } from "./fold-mean.ts";

/** Width and height of the image area of one cell of the detector's output, in pixels. */
export const DETECTOR_CELL = 32;

/** Settings for decoding the detector's output to boxes. */
export const DETECTOR_DECODE = {
  cell: DETECTOR_CELL,
  /** Width and height of the anchor boxes of each cell, in cells. */
  anchors: [
    [1.603231, 2.094468],
    [6.041143, 7.080126],
    [2.882459, 3.518061],
    [4.266906, 5.178857],
    [9.041765, 10.66308],
  ],
  /** The longer side of the images that the network was trained on, in pixels. */
  longerSide: 416,
  /** The lowest score of a face, 0–1. */
  scoreThreshold: 0.5,
  /** If the intersection over union of two boxes is larger, the box with the lower score is removed. */
  overlapThreshold: 0.4,
} as const;

/** Numbers per cell: x, y, width, height and score of each of the five anchors. */
const DETECTOR_CHANNELS = 5 * DETECTOR_DECODE.anchors.length;

/** Mean of red, green and blue over the training images, 0–255. */
const MEAN = [117.001, 114.697, 97.404];
/** Slope of the leaky ReLU below 0. */
const SLOPE = 0.10000000149011612;

/**
 * The graph of the tiny face detector of face-api. Input: [N, height, width, 3] RGB 0–255, with sides
 * that are multiples of 32. Output: [N, height / 32, width / 32, 25], before any sigmoid
 * (`DETECTOR_DECODE`).
 *
 * @param weights of `tiny_face_detector_model`.
 */
export function detectorGraph(weights: Readonly<Record<string, Weight>>): Graph {
  const net = new ByteGraph(weights);
  const { graph } = net;
  // The graph works for every size; building it needs one as an example.
  const side = 13 * DETECTOR_CELL;
  const input: Value = { name: "input", shape: [side, side, 3], layout: "as-is" };
  const leaky = (x: Value) =>
    graph.elementwise("LeakyRelu", [x], {
      name: `${x.name}/leaky`,
      attributes: { alpha: { float: SLOPE } },
    });
  const pool = (x: Value, name: string, { stride, after }: { stride: number; after: number }) => {
    const [height, width, depth] = sizesOf(x);
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
    // The first convolution has no padding and removes two rows, so only the second pooling has an
    // input of odd size.
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
  nameOutput(graph);
  return {
    name: "face_detector",
    inputs: [{ name: "input", shape: ["height", "width", 3] }],
    outputs: [{ name: "output", shape: ["rows", "columns", DETECTOR_CHANNELS] }],
    nodes: graph.nodes,
    tensors: graph.tensors,
  };
}
