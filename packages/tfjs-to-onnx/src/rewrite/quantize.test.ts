import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type NamedTensor, random } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openOnnx, runOnnx } from "@mien/runtime";
import { convertToGraph } from "../convert.ts";
import { encodeOnnxModel, type Graph } from "../graph/onnx-model.ts";
import { EXCITED_NET } from "../testing/functional-models.ts";
import { MIEN_NET } from "../testing/shape-models.ts";
import { loadTf } from "../testing/tf.ts";
import { randomise, stack, throughDisk } from "../testing/test-models.ts";
import { toHalf } from "./half.ts";
import { bestRange, type FloatTensor, measureRanges } from "./quantisation-ranges.ts";
import { quantize, quantizedValues } from "./quantize.ts";

/** Branches and a merge, a depthwise convolution, and both kinds of pooling. */
const BRANCHED = {
  name: "branched",
  build: (tf: ReturnType<typeof loadTf>) => {
    const input = tf.input({ shape: [24, 24, 1] });
    const conv = (x: unknown, strides = 1) =>
      tf.layers
        .conv2d({ filters: 8, kernelSize: 3, padding: "same", strides, activation: "relu" })
        .apply(x as typeof input) as typeof input;
    const first = conv(input, 2);
    const second = tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same" }).apply(first);
    const sum = tf.layers.add().apply([first, conv(second)]);
    const pooled = tf.layers.averagePooling2d({ poolSize: 2 }).apply(sum);
    const flat = tf.layers.globalAveragePooling2d({}).apply(conv(pooled));
    const outputs = tf.layers.dense({ units: 7, activation: "softmax" }).apply(flat);
    return tf.model({ inputs: input, outputs: outputs as typeof input });
  },
};

let graphs: Record<"straight" | "branched" | "excited", Graph>;
let folder: string;
const stream = random(5, "images");
const images: FloatTensor = {
  shape: [48, 24, 24, 1],
  data: Float32Array.from({ length: 48 * 24 * 24 }, (_, i) =>
    Math.max(0, Math.min(255, 128 + 90 * Math.sin(i / (9 + (i % 7))) + 25 * stream.normal())),
  ),
};

async function graphOf(build: (typeof MIEN_NET)["build"]): Promise<Graph> {
  const tf = loadTf();
  const model = build(tf);
  randomise(tf, model, random(2, "quantize"));
  return convertToGraph(await throughDisk(model));
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien quantize-"));
  // Logits of ordinary size, so that probabilities are not all 0 and 1.
  const scaled = stack([24, 24, 1], (tf) => [...MIEN_NET.build(tf).layers.slice(1)]);
  graphs = {
    straight: await graphOf(scaled),
    branched: await graphOf(BRANCHED.build),
    excited: await graphOf(EXCITED_NET.build),
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rangesOf = (graph: Graph) => measureRanges(graph, [images], { open: openOnnx });

/** The mean absolute difference between the outputs and the outputs of the float32 graph. */
async function meanDifference(graph: Graph, other: Graph): Promise<number> {
  const [[expected], [found]] = (await Promise.all(
    [graph, other].map((each) => runOnnx(encodeOnnxModel(each), [images])),
  )) as [NamedTensor[], NamedTensor[]];
  let sum = 0;
  expected!.data.forEach((value, i) => (sum += Math.abs(value - (found!.data[i] as number))));
  return sum / expected!.data.length;
}

describe("a graph in 8 bits", () => {
  it.each(["straight", "branched", "excited"] as const)(
    "has nearly the same outputs: %s",
    async (name) => {
      const graph = graphs[name];
      const quantized = quantize(graph, await rangesOf(graph));
      expect(await meanDifference(graph, quantized)).toBeLessThan(0.03);
    },
  );

  it("has ranges only for values that are computed in bytes, and one range for values that pass unchanged", () => {
    const values = quantizedValues(graphs.straight);
    const { nodes } = graphs.straight;
    // One before the first convolution, one after each convolution with its Relu, one between the dense layers.
    expect(values).toHaveLength(6);
    const made = values.map((value) => nodes.find((node) => node.outputs.includes(value))?.op);
    expect(made.sort()).toEqual(["Relu", "Relu", "Relu", "Relu", "Relu", "Reshape"]);
  });

  it("has a quarter of the size", async () => {
    const tf = loadTf();
    const wide = stack([24, 24, 1], () => [
      tf.layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
      tf.layers.conv2d({ filters: 128, kernelSize: 3, activation: "relu" }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 7 }),
    ]);
    const graph = await graphOf(wide);
    const quantized = quantize(graph, await rangesOf(graph));
    const share = encodeOnnxModel(quantized).length / encodeOnnxModel(graph).length;
    expect(share).toBeLessThan(0.29);
  });

  it("keeps the bias of a filter whose weights are almost 0", async () => {
    const graph = await graphOf(
      stack([24, 24, 1], (tf) => [tf.layers.conv2d({ filters: 2, kernelSize: 3 })]),
    );
    const [conv] = graph.nodes.filter(({ op }) => op === "Conv");
    const [kernel, bias] = conv!.inputs
      .slice(1)
      .map((name) => graph.tensors.get(name)!.data as Float32Array);
    kernel!.fill(1e-4, 0, 9).fill(1e-9, 9);
    bias!.set([0, 0.5]);
    const quantized = quantize(graph, await rangesOf(graph));
    const [answer] = await runOnnx(encodeOnnxModel(quantized), [images]);
    expect(answer!.data[1]).toBeCloseTo(0.5, 1);
  });

  it("keeps the weights of a fixed blur exactly, so that their sum stays 1", async () => {
    const graph = await graphOf(
      stack([24, 24, 1], (tf) => [tf.layers.depthwiseConv2d({ kernelSize: 3, useBias: false })]),
    );
    const [conv] = graph.nodes.filter(({ op }) => op === "Conv");
    const kernel = graph.tensors.get(conv!.inputs[1]!)!.data as Float32Array;
    kernel.set([1, 2, 1, 2, 4, 2, 1, 2, 1].map((weight) => weight / 16));
    const { tensors } = quantize(graph, await rangesOf(graph));
    const part = (suffix: string) =>
      [...tensors].find(([name]) => name.endsWith(`kernel${suffix}`))![1].data;
    const [scale] = part("/scale");
    const found = Array.from(part("/bytes") as Int8Array, (step) => step * Number(scale));
    found.forEach((weight, i) => expect(weight).toBeCloseTo(kernel[i]!, 7));
  });

  it("rounds weights so that the errors of each filter cancel out", async () => {
    const graph = await graphOf(
      stack([24, 24, 1], (tf) => [
        tf.layers.conv2d({ filters: 16, kernelSize: 3, activation: "relu" }),
        tf.layers.conv2d({ filters: 24, kernelSize: 3, activation: "relu" }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 5 }),
      ]),
    );
    const { tensors } = quantize(graph, await rangesOf(graph));
    const weighted = graph.nodes.filter(({ op }) => ["Conv", "Gemm", "MatMul"].includes(op));
    expect(weighted).toHaveLength(3);
    for (const { op, inputs } of weighted) {
      const { data, dims } = graph.tensors.get(inputs[1]!)!;
      const steps = tensors.get(`${inputs[1]!}/bytes`)!.data as Int8Array;
      const scales = tensors.get(`${inputs[1]!}/scale`)!.data as Float32Array;
      const filterOf = (i: number) =>
        op === "Conv" ? Math.floor((i / data.length) * dims[0]!) : i % dims.at(-1)!;
      const sums = new Float64Array(scales.length);
      steps.forEach((step, i) => {
        const error = Number(data[i]) / scales[filterOf(i)]! - step;
        expect(Math.abs(error)).toBeLessThan(1);
        sums[filterOf(i)]! += error;
      });
      for (const sum of sums) expect(Math.abs(sum)).toBeLessThanOrEqual(0.5 + 1e-3);
    }
  });

  it("has a larger error with other ranges", async () => {
    const graph = graphs.straight;
    const ranges = await rangesOf(graph);
    const wrong = new Map([...ranges].map(([name, { min }]) => [name, { min, max: 0.01 }]));
    const right = await meanDifference(graph, quantize(graph, ranges));
    expect(await meanDifference(graph, quantize(graph, wrong))).toBeGreaterThan(3 * right);
  });

  it.skipIf(withoutPython("onnx", "onnxruntime"))(
    "passes onnx.checker in opsets 13 to 20 and runs on integer kernels",
    async () => {
      for (const [name, graph] of Object.entries(graphs)) {
        const quantized = quantize(graph, await rangesOf(graph));
        for (const opset of [13, 17, 20]) {
          const bytes = encodeOnnxModel(quantized, { opset });
          await writeFile(path.join(folder, `${name}-${opset}.onnx`), bytes);
        }
      }
      const script = `
import json, pathlib, sys, onnx, onnxruntime
found = {}
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    onnx.checker.check_model(onnx.load(file), full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(file) + ".optimized"
    onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    ops = [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]
    found[file.stem] = {op: ops.count(op) for op in set(ops)}
print(json.dumps(found))`;
      const found = runPython(script, { args: [folder] }) as Record<string, Record<string, number>>;
      expect(Object.keys(found)).toHaveLength(9);
      for (const [name, ops] of Object.entries(found)) {
        expect(ops["Conv"] ?? 0, name).toBe(0);
        expect(ops["Relu"] ?? 0, name).toBe(0);
        expect(ops["QLinearConv"], name).toBe(name.startsWith("excited") ? 8 : 4);
      }
    },
  );
});

describe("bestRange", () => {
  it("excludes rare and distant numbers", () => {
    const sample = Array.from({ length: 10_000 }, (_, i) => (i % 100) / 100);
    expect(bestRange(sample)).toEqual({ min: 0, max: 0.99 });
    const many = Array.from({ length: 200_000 }, (_, i) => (i % 100) / 100);
    const { max } = bestRange([...many, 1.2]);
    expect(max).toBeLessThan(1.15);
    expect(max).toBeGreaterThan(0.95);
  });

  it("contains zero, which padding needs", () => {
    expect(bestRange([2, 3])).toMatchObject({ min: 0 });
    expect(bestRange([-2, -3])).toMatchObject({ max: 0 });
    expect(bestRange([])).toEqual({ min: 0, max: 0 });
  });
});

describe("a graph in 16 bits", () => {
  it("may have a node that uses the softmax of an output", async () => {
    const graph = await graphOf((tf) => {
      const input = tf.input({ shape: [24, 24, 1] });
      const flat = tf.layers.flatten().apply(input);
      const first = tf.layers.dense({ units: 3, activation: "softmax" }).apply(flat);
      const second = tf.layers.dense({ units: 2 }).apply(first);
      return tf.model({ inputs: input, outputs: [first, second] as (typeof input)[] });
    });
    const small = { shape: images.shape, data: images.data.map((value) => value / 1000) };
    const [exact, half] = await Promise.all(
      [graph, toHalf(graph)].map((each) => runOnnx(encodeOnnxModel(each), [small])),
    );
    half!.forEach(({ data }, i) =>
      data.forEach((value, j) => expect(value).toBeCloseTo(exact![i]!.data[j] as number, 1)),
    );
  });

  it.each(["straight", "branched"] as const)("has nearly the same outputs: %s", async (name) => {
    const difference = await meanDifference(graphs[name], toHalf(graphs[name]));
    expect(difference).toBeLessThan(0.002);
    expect(difference).toBeGreaterThan(0);
  });

  it("has half of the size", () => {
    const graph = graphs.straight;
    const weights = ({ tensors }: Graph) =>
      [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(weights(toHalf(graph)) / weights(graph)).toBeLessThan(0.52);
  });

  it.skipIf(withoutPython("numpy"))("rounds every number as numpy does", () => {
    const numbers = random(4, "halves");
    const values = Float32Array.from(
      [
        ...[0, -0, 1, -1, 65504, 65519.99, 2 ** -14, 2 ** -15, 2 ** -24, 2 ** -25, 3 * 2 ** -26],
        ...[1 + 2 ** -11, 1 + 3 * 2 ** -11, 2047.5, 2048.5, 0.1, -1 / 3],
        ...Array.from({ length: 2000 }, () => numbers.normal() * 10 ** numbers.between(-8, 4)),
      ].map((value) => Math.max(-65504, Math.min(65519.99, value))),
    );
    const graph: Graph = {
      name: "g",
      inputs: [],
      outputs: [],
      nodes: [],
      tensors: new Map([["w", { dims: [values.length], data: values }]]),
    };
    const script = `
import json, sys, numpy
values = numpy.array(json.load(sys.stdin), dtype=numpy.float32)
print(json.dumps(values.astype(numpy.float16).view(numpy.uint16).tolist()))`;
    const expected = runPython(script, { input: Array.from(values) }) as number[];
    // JSON has no negative zero.
    expected[1] = 0x8000;
    expect([...(toHalf(graph).tensors.get("w")?.data as Uint16Array)]).toEqual(expected);
  });

  it("is refused if a weight is too large", () => {
    const tensors = new Map([["w", { dims: [1], data: Float32Array.of(65520) }]]);
    const graph: Graph = { name: "g", inputs: [], outputs: [], nodes: [], tensors };
    expect(() => toHalf(graph)).toThrow(/w holds 65520, which float16 cannot express/);
  });
});
