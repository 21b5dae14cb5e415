import { random } from "@mien/format";
import { loadOnnxruntime } from "@mien/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { MIEN_NET, rescaling } from "../testing/shape-models.ts";
import { loadTf, type Tf } from "../testing/tf.ts";
import { compare, randomise, stack, throughDisk, type TestModel } from "../testing/test-models.ts";
import { convertLayersModel, convertToGraph } from "../convert.ts";

let tf: Tf;
beforeAll(() => {
  tf = loadTf();
});

/** The operations of a model's graph, in order. */
async function operations(build: TestModel["build"]): Promise<string[]> {
  const model = build(tf);
  randomise(tf, model, random(1, "fold"));
  const graph = convertToGraph(await throughDisk(model));
  model.dispose();
  return graph.nodes.map((node) => node.op);
}

describe("the converted graph", () => {
  it("of a trained network holds nothing but what must be computed", async () => {
    const stage = ["Conv", "Relu", "MaxPool"];
    expect(await operations(MIEN_NET.build)).toEqual([
      "Reshape",
      ...stage,
      ...stage,
      ...stage,
      ...stage,
      "Flatten",
      "Gemm",
      "Relu",
      "Gemm",
      "Softmax",
    ]);
  });

  it("transposes colour images once at the beginning and once at the end", async () => {
    const found = await operations(
      stack([8, 8, 3], (tf) => [
        tf.layers.conv2d({ filters: 4, kernelSize: 3 }),
        tf.layers.batchNormalization(),
        tf.layers.leakyReLU(),
        tf.layers.separableConv2d({ filters: 2, kernelSize: 2 }),
      ]),
    );
    expect(found).toEqual(["Transpose", "Conv", "LeakyRelu", "Conv", "Conv", "Transpose"]);
  });

  it("gives no layer's name to a value that is another one since folding", async () => {
    const model = stack([8, 8, 1], (tf) => [
      rescaling(tf, 2, 0),
      tf.layers.conv2d({ filters: 2, kernelSize: 3, name: "conv" }),
      tf.layers.averagePooling2d({ poolSize: 2, name: "pool" }),
      tf.layers.batchNormalization({ name: "norm" }),
    ])(tf);
    randomise(tf, model, random(1, "names"));
    const { nodes } = convertToGraph(await throughDisk(model));
    model.dispose();
    const names = nodes.flatMap(({ outputs }) => outputs);
    expect(names).not.toContain("conv");
    expect(names).not.toContain("pool");
  });

  it("stores the weights of a model inside once, however often it is used", async () => {
    const sizeOf = async (uses: number) => {
      const inner = tf.sequential({
        layers: [tf.layers.dense({ units: 100, inputShape: [100] })],
      });
      const input = tf.input({ shape: [100] });
      let outputs = input;
      for (let i = 0; i < uses; i++) outputs = inner.apply(outputs) as typeof input;
      const model = tf.model({ inputs: input, outputs });
      return convertLayersModel(await throughDisk(model)).length;
    };
    expect(await sizeOf(2)).toBeLessThan((await sizeOf(1)) + 1000);
  });

  it("keeps a shift before a padded convolution, whose padding is not shifted", async () => {
    const net = (padding: "same" | "valid") =>
      stack([8, 8, 1], (tf) => [
        rescaling(tf, 2, -1),
        tf.layers.conv2d({ filters: 2, kernelSize: 3, padding }),
        tf.layers.globalAveragePooling2d({}),
      ]);
    const end = ["Conv", "GlobalAveragePool", "Flatten"];
    expect(await operations(net("same"))).toEqual(["Add", "Reshape", ...end]);
    expect(await operations(net("valid"))).toEqual(["Reshape", ...end]);
  });

  it("folds zero padding into a convolution, but not into a max pooling", async () => {
    const net = (next: Parameters<typeof stack>[1]) =>
      stack([8, 8, 1], (tf) => [tf.layers.zeroPadding2d(), ...next(tf)]);
    const conv = net((tf) => [tf.layers.conv2d({ filters: 1, kernelSize: 3 })]);
    const pool = net((tf) => [tf.layers.maxPooling2d({ poolSize: 3 })]);
    expect(await operations(conv)).toEqual(["Reshape", "Conv", "Reshape"]);
    expect(await operations(pool)).toEqual(["Reshape", "Pad", "MaxPool", "Reshape"]);
  });

  it("folds batch normalisation across max pooling only where no channel is turned over", async () => {
    const net = (scale: boolean) =>
      stack([8, 8, 1], (tf) => [
        tf.layers.conv2d({ filters: 6, kernelSize: 3 }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.batchNormalization({ scale }),
        tf.layers.globalMaxPooling2d({}),
      ]);
    expect(await operations(net(false))).not.toContain("BatchNormalization");
    expect(await operations(net(true))).toContain("BatchNormalization");
  });

  it("names nodes after layers", async () => {
    const model = MIEN_NET.build(tf);
    const names = model.layers.map((layer) => layer.name);
    const { nodes } = convertToGraph(await throughDisk(model));
    for (const { name } of nodes.filter(({ op }) => op === "Conv" || op === "Gemm")) {
      expect(names).toContain(name);
    }
  });

  it("is written as the same bytes every time", async () => {
    const model = await throughDisk(MIEN_NET.build(tf));
    const metadata = { a: "1", b: "2" };
    const [first, second] = [1, 2].map(() => convertLayersModel(model, { metadata }));
    expect(Buffer.compare(first as Uint8Array, second as Uint8Array)).toBe(0);
  });
});

describe("a temperature", () => {
  /** The net with its softmax at another temperature, as tfjs would compute it. */
  const cooled = (temperature: number): TestModel["build"] =>
    stack([6], (tf) => [
      tf.layers.dense({ units: 4 }),
      rescaling(tf, 1 / temperature),
      tf.layers.activation({ activation: "softmax" }),
    ]);
  const plain = (activation: "softmax" | "relu") =>
    stack([6], (tf) => [tf.layers.dense({ units: 4, activation })]);

  it("divides the logits, at no cost where a dense layer makes them", async () => {
    // Weights and inputs are drawn by the name, so they are the same.
    const name = "temperature";
    const expected = await compare(tf, { name, build: cooled(2.5) });
    const found = await compare(tf, { name, build: plain("softmax") }, { temperature: 2.5 });
    const run = await loadOnnxruntime();
    const session = await run.InferenceSession.create(found.onnx);
    const input = expected.inputs["input"];
    const feeds = {
      input: new run.Tensor("float32", input?.data as Float32Array, [...(input?.shape ?? [])]),
    };
    const { output } = await session.run(feeds);
    await session.release();
    const answer = expected.expected["output"]?.data as Float32Array;
    Array.from(output?.data as Float32Array).forEach((value, i) => {
      expect(value).toBeCloseTo(answer[i] as number, 6);
    });
    // Without the temperature, tfjs gives another output.
    expect(found.difference).toBeGreaterThan(1e-3);
    const graph = convertToGraph(await throughDisk(plain("softmax")(tf)), { temperature: 2.5 });
    expect(graph.nodes.map((node) => node.op)).toEqual(["Gemm", "Softmax"]);
  });

  it("is refused without a softmax at the end, and below 0", async () => {
    const model = await throughDisk(plain("relu")(tf));
    expect(() => convertLayersModel(model, { temperature: 2 })).toThrow(/softmax .* found Relu/);
    expect(() => convertLayersModel(model, { temperature: 0 })).toThrow(/above 0, found 0/);
  });
});
