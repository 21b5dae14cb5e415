import { random } from "@mien/format";
import { loadOnnxruntime } from "@mien/runtime";
import { beforeAll, describe, expect, it } from "vitest";
import { convertLayersModel } from "./convert.ts";
import { decodeOnnxModel } from "./graph/decode-onnx-model.ts";
import { convertToInt8 } from "./int8.ts";
import { type OnnxRuntime, openWith } from "./open-with.ts";
import type { LayersModel } from "./read/read-model.ts";
import { loadTf } from "./testing/tf.ts";
import { randomise, stack, throughDisk } from "./testing/test-models.ts";

const COUNT = 40;
const stream = random(3, "int8");
const calibration = {
  shape: [COUNT, 12, 12, 2],
  data: Float32Array.from({ length: COUNT * 12 * 12 * 2 }, () => stream.normal()),
};

let model: LayersModel;
let ort: OnnxRuntime;
beforeAll(async () => {
  const tf = loadTf();
  const net = stack([12, 12, 2], () => [
    tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: "relu" }),
    tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: "relu" }),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dense({ units: 5, activation: "softmax" }),
  ])(tf);
  randomise(tf, net, random(4, "int8 net"));
  model = await throughDisk(net);
  ort = await loadOnnxruntime();
});

describe("a model in 8 bits", () => {
  it("computes with bytes and has nearly the same outputs", async () => {
    const shares: number[] = [];
    const bytes = await convertToInt8(model, {
      ...{ calibration, ort, outputName: "probabilities" },
      onProgress: (share) => shares.push(share),
    });
    expect(shares.at(-1)).toBe(1);
    const { nodes, outputs } = decodeOnnxModel(bytes, "int8").graph;
    expect(outputs.map(({ name }) => name)).toEqual(["probabilities"]);
    expect(nodes.filter(({ op }) => op === "QuantizeLinear").length).toBeGreaterThan(3);
    const answers = await Promise.all(
      [convertLayersModel(model), bytes].map(async (onnx) => {
        const opened = await openWith(ort)(onnx);
        const [answer] = await opened.run([calibration]);
        await opened.close();
        return Array.from(answer!.data);
      }),
    );
    const [exact, found] = answers as [number[], number[]];
    const differences = exact.map((value, i) => Math.abs(value - found[i]!));
    expect(Math.max(...differences)).toBeLessThan(0.05);
    expect(Math.max(...differences)).toBeGreaterThan(0);
  });

  it("is refused without samples that fit, and in an operator set without integer kernels", async () => {
    const wrong = { shape: [COUNT, 12, 2, 12], data: calibration.data };
    await expect(convertToInt8(model, { calibration: wrong, ort })).rejects.toThrow(
      /must have the shape \[N, 12, 12, 2\], found \[40, 12, 2, 12\]/,
    );
    await expect(convertToInt8(model, { calibration: [], ort })).rejects.toThrow(/found none/);
    await expect(convertToInt8(model, { calibration, ort, opset: 21 })).rejects.toThrow(
      /int8 needs opset 20 or older/,
    );
  });
});
