import { itemAt } from "@mien/format";
import { type Graph, int64, type Value, type Weight } from "@mien/tfjs-to-onnx";
import { ByteGraph, nameOutput, sizesOf } from "./byte-graph.ts";
import { foldMean } from "./fold-mean.ts";

/** Side of the network's square input, in pixels. */
export const EMBEDDING_SIDE = 150;
/** The length of an embedding. */
export const EMBEDDING_LENGTH = 128;

/** Mean of red, green and blue over the images that the network was trained on, 0–255. */
const MEAN = [122.782, 117.001, 104.298];

/**
 * The graph of the face recogniser of face-api, dlib's residual network. Input: [N, 150, 150, 3] RGB
 * 0–255. Output: embeddings [N, 128]. The Euclidean distance between embeddings of one person is
 * below about 0.5.
 *
 * @param weights of `face_recognition_model`.
 */
export function embeddingGraph(weights: Readonly<Record<string, Weight>>): Graph {
  const net = new ByteGraph(weights);
  const { graph } = net;
  const shape = [EMBEDDING_SIDE, EMBEDDING_SIDE, 3];
  const input: Value = { name: "input", shape, layout: "as-is" };

  /** The scale and shift per channel after each convolution, folded into the convolution. */
  const affine = (name: string) => {
    const scale = net.floats(`${name}/scale/weights`);
    const shift = net.floats(`${name}/scale/biases`);
    const own = net.floats(`${name}/conv/bias`);
    const bias = shift.map((value, i) => value + itemAt(own, i) * itemAt(scale, i));
    return { kernel: `${name}/conv/filters`, scale, bias };
  };
  const convolve = (x: Value, name: string, options: { stride?: number; pad?: number }) =>
    net.convolve(x, name, { ...affine(name), ...options });
  const relu = (x: Value) => graph.elementwise("Relu", [x], `${x.name}/relu`);
  const add = (a: Value, b: Value, name: string) =>
    relu(graph.elementwise("Add", [a, b], `${name}/add`));
  const residual = (x: Value, name: string) => {
    const inner = relu(convolve(x, `${name}/conv1`, { pad: 1 }));
    return add(convolve(inner, `${name}/conv2`, { pad: 1 }), x, name);
  };
  /** Adds zeros after the last row and column, and after the last channel. */
  const grow = (
    x: Value,
    name: string,
    by: { readonly side: number; readonly channels: number },
  ) => {
    const { side, channels } = by;
    if (side === 0 && channels === 0) return x;
    const [height, width, depth] = sizesOf(x);
    const pads = graph.tensor(`${name}/pads`, [8], int64(0, 0, 0, 0, 0, channels, side, side));
    return graph.node("Pad", [x, pads], {
      name,
      shape: [height + side, width + side, depth + channels],
      layout: "channels-first",
    });
  };
  const down = (x: Value, name: string) => {
    const inner = relu(convolve(x, `${name}/conv1`, { stride: 2 }));
    const main = convolve(inner, `${name}/conv2`, { pad: 1 });
    const [height, width, depth] = sizesOf(x);
    const pooled = graph.node("AveragePool", [x], {
      name: `${name}/pool`,
      shape: [Math.floor(height / 2), Math.floor(width / 2), depth],
      layout: "channels-first",
      attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
    });
    const [mainHeight, , mainDepth] = sizesOf(main);
    const side = itemAt(pooled.shape, 0) - mainHeight;
    const channels = mainDepth - depth;
    const grown = grow(main, `${name}/grown`, { side, channels: 0 });
    return add(grow(pooled, `${name}/pool/grown`, { side: 0, channels }), grown, name);
  };

  const first = "conv32_down";
  const folded = foldMean(net, { mean: MEAN, ...affine(first) });
  const begun = relu(net.convolve(input, first, { ...folded, stride: 2 }));
  let x = graph.node("MaxPool", [begun], {
    name: `${first}/pool`,
    shape: begun.shape.map((size, i) => (i < 2 ? Math.floor((size - 3) / 2) + 1 : size)),
    layout: "channels-first",
    attributes: { kernel_shape: { ints: [3, 3] }, strides: { ints: [2, 2] } },
  });
  for (const name of ["conv32_1", "conv32_2", "conv32_3"]) x = residual(x, name);
  x = down(x, "conv64_down");
  for (const name of ["conv64_1", "conv64_2", "conv64_3"]) x = residual(x, name);
  x = down(x, "conv128_down");
  for (const name of ["conv128_1", "conv128_2"]) x = residual(x, name);
  x = down(x, "conv256_down");
  for (const name of ["conv256_1", "conv256_2"]) x = residual(x, name);
  x = down(x, "conv256_down_out");
  const [, , depth] = sizesOf(x);
  const pooled = graph.node("GlobalAveragePool", [x], {
    name: "pool",
    shape: [1, 1, depth],
    layout: "channels-first",
  });
  const flat = graph.node("Flatten", [pooled], { name: "flatten", shape: [depth] });
  const output = net.multiply(flat, "fc");
  nameOutput(graph);
  return {
    name: "face_embedding",
    inputs: [{ name: "input", shape }],
    outputs: [{ name: "output", shape: output.shape }],
    nodes: graph.nodes,
    tensors: graph.tensors,
  };
}
