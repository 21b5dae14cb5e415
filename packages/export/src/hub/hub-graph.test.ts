import { prepareImages, random, type RawImage } from "@mien/format";
import { runOnnx } from "@mien/runtime";
import { encodeOnnxModel, type Graph, type GraphNode } from "@mien/tfjs-to-onnx";
import { describe, expect, it } from "vitest";
import { pixelValuesOf, shiftOf, toHubGraph } from "./hub-graph.ts";

const SIDE = 12;
const CLASSES = 4;

/**
 * The softmax of a dense layer on the mean of each row of an image, after an optional addition. In
 * operator set 17 the axes of the mean are an attribute.
 */
function rowsGraph(channels: number, shift?: number): Graph {
  const noise = random(5, "rows");
  const weights = Float32Array.from(
    { length: SIDE * channels * CLASSES },
    () => noise.normal() / 40,
  );
  const add: GraphNode = {
    ...{ op: "Add", name: "add", inputs: ["input", "shift"], outputs: ["shifted"] },
    attributes: {},
  };
  const node = (op: string, inputs: string[], output: string): GraphNode => ({
    ...{ op, name: output, inputs, outputs: [output], attributes: {} },
  });
  return {
    name: "rows",
    inputs: [{ name: "input", shape: [SIDE, SIDE, channels] }],
    outputs: [{ name: "probabilities", shape: [CLASSES] }],
    nodes: [
      ...(shift === undefined ? [] : [add]),
      {
        ...node("ReduceMean", [shift === undefined ? "input" : "shifted"], "means"),
        attributes: { axes: { ints: [2] } },
      },
      node("Flatten", ["means"], "flat"),
      node("MatMul", ["flat", "weights"], "scores"),
      node("Softmax", ["scores"], "probabilities"),
    ],
    tensors: new Map([
      ["shift", { dims: [], data: Float32Array.of(shift ?? 0) }],
      ["weights", { dims: [SIDE * channels, CLASSES], data: weights }],
    ]),
  };
}

/** A smooth picture: other resizing filters give other values. */
function picture(width: number, height: number): RawImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return 127 + 60 * Math.sin((9 * x) / width + (i % 3)) + 60 * Math.cos((7 * y) / height);
  });
  return { width, height, channels: 3, data };
}

/** Runs a rewritten graph on a picture as transformers.js does, and applies the softmax. */
async function runHub(source: Graph, image: RawImage, given: { channels: number; shift: number }) {
  const { channels, shift } = given;
  const input = { height: SIDE, width: SIDE, channels };
  const { graph, opset } = toHubGraph({ graph: source, opset: 17, input, name: "m" }, shift);
  const { mean, std } = pixelValuesOf(shift);
  const { width, height, data } = image;
  const values = Float32Array.from({ length: data.length }, (_, i) => {
    const channel = Math.floor(i / (width * height));
    const value = data[(i % (width * height)) * 3 + channel] ?? 0;
    return (value / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
  });
  const file = encodeOnnxModel(graph, { opset });
  const [logits] = await runOnnx(file, [{ shape: [1, 3, height, width], data: values }]);
  const powers = Array.from(logits?.data ?? [], (logit) => Math.exp(Number(logit)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

async function runSource(source: Graph, image: RawImage, channels: number) {
  const data = prepareImages([image], { height: SIDE, width: SIDE, channels });
  const file = encodeOnnxModel(source, { opset: 17 });
  const [answer] = await runOnnx(file, [{ shape: [1, SIDE, SIDE, channels], data }]);
  return Array.from(answer?.data ?? [], Number);
}

describe("toHubGraph", () => {
  it.each([
    ["a grey model that subtracts the mean", 1, -129.5],
    ["a grey model without an addition", 1, undefined],
    ["a colour model", 3, -100.25],
  ])("keeps the probabilities of %s at its own size", async (_, channels, shift) => {
    const source = rowsGraph(channels, shift);
    expect(shiftOf(source)).toBe(shift ?? 0);
    const image = picture(SIDE, SIDE);
    const found = await runHub(source, image, { channels, shift: shiftOf(source) });
    const expected = await runSource(source, image, channels);
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.1);
  });

  it.each([
    [48, 30],
    [7, 9],
    [12, 100],
  ])("scales images of %d×%d pixels as mien does", async (width, height) => {
    const source = rowsGraph(1, -129.5);
    const image = picture(width, height);
    const found = await runHub(source, image, { channels: 1, shift: -129.5 });
    const expected = await runSource(source, image, 1);
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 4));
  });

  it("takes the normalisation of another precision of the model back", async () => {
    const source = rowsGraph(1, -129.5);
    const image = picture(SIDE, SIDE);
    const found = await runHub(source, image, { channels: 1, shift: -10 });
    const expected = await runSource(source, image, 1);
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 5));
  });

  it("keeps no constant that nothing reads", () => {
    const input = { height: SIDE, width: SIDE, channels: 1 };
    const source = { graph: rowsGraph(1, -129.5), opset: 17, input, name: "m" };
    const { graph } = toHubGraph(source, -129.5);
    const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
    expect([...graph.tensors.keys()].filter((name) => !read.has(name))).toEqual([]);
    expect(graph.tensors.has("shift")).toBe(false);
  });

  it("refuses a graph that does not end in a softmax", () => {
    const { nodes, ...rest } = rowsGraph(1);
    const graph = { ...rest, nodes: nodes.slice(0, -1), outputs: [{ name: "scores", shape: [4] }] };
    const input = { height: SIDE, width: SIDE, channels: 1 };
    expect(() => toHubGraph({ graph, opset: 17, input, name: "m.onnx" }, 0)).toThrow(
      "m.onnx cannot be written for Hugging Face: it ends in MatMul, expected a Softmax",
    );
  });
});
