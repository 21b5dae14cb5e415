import { describe, expect, it } from "vitest";
import type { Scalar, Tensor, Tensor4D } from "@tensorflow/tfjs-node";
import { resolveConfig, type TrainConfigInput } from "../config.ts";
import { buildLayersModel, setWeights } from "./layers-model.ts";
import { download, scope, tensorCount, upload } from "../tensor/native.ts";
import * as ops from "../tensor/native-ops.ts";
import { createNetwork, type Network } from "./network.ts";
import { createOptimizer } from "./optimizer.ts";
import { cpuHasBfloat16 } from "../tensor/precision.ts";
import { expectClose, normals } from "../testing/gradients.ts";
import { tf } from "../tensor/tf.ts";

const tiny: TrainConfigInput = {
  pooling: "max",
  widths: [4, 5, 6, 7],
  denseUnits: 8,
  convDropout: 0,
  dropout: 0,
  precision: "fp32",
};

interface Case {
  name: string;
  config: TrainConfigInput;
  input: { height: number; width: number; channels: number };
}
const cases: Case[] = [
  { name: "grey", config: tiny, input: { height: 16, width: 16, channels: 1 } },
  { name: "RGB of odd sizes", config: tiny, input: { height: 21, width: 19, channels: 3 } },
  {
    name: "kernel of 2",
    config: { ...tiny, kernelSize: 2 },
    input: { height: 16, width: 16, channels: 1 },
  },
  {
    name: "kernel of 2 on odd sizes, l2 on the convolutions only",
    config: { ...tiny, kernelSize: 2, l2On: "convolutions" },
    input: { height: 21, width: 19, channels: 1 },
  },
  {
    name: "averaging head, first kernel of 5",
    config: { ...tiny, head: "average", firstKernelSize: 5 },
    input: { height: 37, width: 32, channels: 1 },
  },
  {
    name: "two convolutions before each pooling",
    config: { ...tiny, depth: 2 },
    input: { height: 16, width: 16, channels: 1 },
  },
  {
    name: "no normalisation",
    config: { ...tiny, normalization: "none" },
    input: { height: 16, width: 20, channels: 1 },
  },
];

cases.push(
  ...[cases[0]!, cases[1]!, cases[4]!].map(({ name, config, input }) => ({
    name: `squeeze-and-excitation, ${name}`,
    config: { ...config, squeezeExcite: 2 },
    input,
  })),
  ...[cases[0]!, cases[1]!, cases[5]!].map(({ name, config, input }) => ({
    name: `anti-aliased pooling, ${name}`,
    config: { ...config, pooling: "blur" as const },
    input,
  })),
  {
    name: "squeeze-and-excitation, anti-aliased pooling and an averaging head",
    config: { ...tiny, squeezeExcite: 64, pooling: "blur", head: "average", l2On: "convolutions" },
    input: { height: 37, width: 32, channels: 1 },
  },
);

// Channels for which mien's own operations replace TensorFlow's.
cases.push(
  ...cases
    .filter(({ config }) => config.kernelSize === undefined)
    .map(({ name, config, input }) => ({
      name: `multiples of 8 channels, ${name}`,
      config: { ...config, widths: [16, 16, 24, 32] },
      input,
    })),
);

const batch = 6;
const classes = 3;
const labels = Int32Array.of(0, 1, 2, 2, 1, 0);

/** The gradients of the native network by variable name, with the logits. */
function ours(network: Network, images: Float32Array, shape: number[]) {
  return scope(() => {
    const logits = network.forward(upload(images.slice(), shape), { seed: 1, step: 0 });
    const targets = ops.oneHot(upload(labels), classes);
    const { gradient } = ops.softmaxCrossEntropy(logits, targets);
    const gradients = network.backward(ops.multiply(gradient, ops.scalar(1 / batch)));
    return {
      logits: download(logits),
      gradients: new Map([...gradients].map(([variable, g]) => [variable.name, download(g)])),
    };
  });
}

describe.each(cases)("the network ($name)", ({ config: given, input }) => {
  const config = resolveConfig({ ...given, l2: 0.01 });
  const shape = [batch, input.height, input.width, input.channels];
  const images = normals(shape).values;

  it("has the same gradients as the same model in tfjs, including l2", () => {
    const network = createNetwork(config, { input, outputs: classes }, 5);
    const { batchNormMomentum, l2, l2On } = config;
    const model = buildLayersModel(network.stages, { input, batchNormMomentum, l2, l2On });
    setWeights(model, network.state());
    const found = ours(network, images, shape);

    const x = tf.tensor4d(images.slice(), shape as [number, number, number, number]);
    const targets = tf.oneHot(Array.from(labels), classes).toFloat();
    const { grads } = tf.variableGrads(() => {
      const probabilities = model.apply(x, { training: true }) as Tensor;
      const loss = targets.mul(probabilities.log()).sum(1).mean().neg();
      const penalty = model.calculateLosses().reduce((sum, one) => sum.add(one));
      return loss.add<Scalar>(penalty);
    });
    // The names in tfjs are the name of the layer and "/kernel", "/gamma" and so on.
    const stockName = (name: string) =>
      name
        .replace(".kernel", "/kernel")
        .replace(".bias", "/bias")
        .replace(".scale", "/gamma")
        .replace(".offset", "/beta");
    expect(found.gradients.size).toBe(Object.keys(grads).length);
    for (const [name, gradient] of found.gradients) {
      const [, stock] = Object.entries(grads).find(([key]) => key.startsWith(stockName(name)))!;
      expectClose(gradient, stock.dataSync<"float32">(), { share: 1e-4, floor: 0.01 });
    }
    tf.dispose([x, targets, grads]);
    model.dispose();
    network.dispose();
  });

  it("infers the same as a tfjs model with its weights, including moving averages", () => {
    const network = createNetwork(config, { input, outputs: classes }, 5);
    // A few steps, so that averages, scales and offsets differ from their initial values.
    const optimizer = createOptimizer(config, network.trainable);
    for (let step = 0; step < 3; step++) {
      scope(() => {
        const logits = network.forward(upload(images.slice(), shape), { seed: 1, step });
        const { gradient } = ops.softmaxCrossEntropy(logits, ops.oneHot(upload(labels), classes));
        optimizer.apply(network.backward(gradient), 0.05, step);
      });
    }
    const probabilities = scope(() => {
      const logits = network.forward(upload(images.slice(), shape));
      return tf.tidy(() =>
        tf.softmax(tf.tensor2d(download(logits), [batch, classes])).dataSync<"float32">(),
      );
    });
    const { batchNormMomentum } = config;
    const model = buildLayersModel(network.stages, { input, batchNormMomentum });
    setWeights(model, network.state());
    const stock = tf.tidy(() =>
      (
        model.predict(tf.tensor4d(images, shape as [number, number, number, number])) as Tensor4D
      ).dataSync<"float32">(),
    );
    expectClose(probabilities, stock, 1e-5);
  });
});

describe.runIf(cpuHasBfloat16())("the network in bf16", () => {
  it.each([
    ["with kernels of 3", {}],
    ["with kernels of 2", { kernelSize: 2 }],
    ["with squeeze-and-excitation", { squeezeExcite: 4 }],
    ["with anti-aliased pooling", { pooling: "blur" as const }],
  ])(
    "has gradients and logits close to those of float32, and the same inference, %s",
    (_, more) => {
      const input = { height: 32, width: 32, channels: 1 };
      const shape = [64, 32, 32, 1];
      const images = normals(shape).values;
      const many = Int32Array.from({ length: 64 }, (_, i) => i % classes);
      const wide = { ...tiny, widths: [16, 16, 32, 32], l2: 1e-3, ...more };
      const outcome = (precision: "fp32" | "bf16") => {
        const network = createNetwork(
          resolveConfig({ ...wide, precision }),
          { input, outputs: classes },
          5,
        );
        const result = scope(() => {
          const calm = download(network.forward(upload(images.slice(), shape)));
          const logits = network.forward(upload(images.slice(), shape), { seed: 1, step: 0 });
          const targets = ops.oneHot(upload(many), classes);
          const { gradient } = ops.softmaxCrossEntropy(logits, targets);
          const gradients = network.backward(ops.multiply(gradient, ops.scalar(1 / 64)));
          const values = [...gradients].map(
            ([variable, g]) => [variable.name, download(g)] as const,
          );
          return { calm, logits: download(logits), gradients: new Map(values) };
        });
        network.dispose();
        return result;
      };
      const [full, half] = [outcome("fp32"), outcome("bf16")];
      expect(half.calm).toEqual(full.calm);
      expect(half.logits).not.toEqual(full.logits);
      expect(angle(half.logits, full.logits)).toBeLessThan(0.05);
      // The gradients of offsets are left out: their terms cancel, so rounding errors dominate.
      const kernels = [...full.gradients].filter(([name]) => name.endsWith("kernel"));
      for (const [name, gradient] of kernels) {
        expect(angle(half.gradients.get(name)!, gradient), name).toBeLessThan(0.5);
      }
    },
  );
});

/** The angle between two vectors, in radians. */
function angle(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return Math.acos(Math.min(1, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))));
}

describe("a network", () => {
  const input = { height: 16, width: 16, channels: 1 };

  it("has l2 on the layers that the configuration names", () => {
    const shrunk = (l2On: "all" | "convolutions") => {
      const gradients = ([0, 0.5] as const).map((l2) => {
        const network = createNetwork(
          resolveConfig({ ...tiny, l2, l2On }),
          { input, outputs: classes },
          5,
        );
        const found = ours(network, normals([batch, 16, 16, 1]).values, [batch, 16, 16, 1]);
        network.dispose();
        return found.gradients;
      });
      const [without, withL2] = gradients;
      const names = [...without!.keys()];
      return names.filter((name) => String(without!.get(name)) !== String(withL2!.get(name)));
    };
    const convolutions = [1, 2, 3, 4].map((number) => `conv${number}.kernel`);
    expect(shrunk("convolutions").sort()).toEqual(convolutions);
    expect(shrunk("all").sort()).toEqual([...convolutions, "dense.kernel", "output.kernel"]);
  });

  it("has initial weights that depend only on the seed", () => {
    const start = (seed: number) =>
      createNetwork(resolveConfig(tiny), { input, outputs: classes }, seed).state();
    expect(start(3)).toEqual(start(3));
    expect(start(3)["conv1.kernel"]).not.toEqual(start(4)["conv1.kernel"]);
  });

  it("has the same initial weights as before options were added that are off by default", () => {
    const network = createNetwork(resolveConfig({}), { input, outputs: classes }, 1);
    expect(network.trainable.map(({ name }) => name).join(" ")).toBe(
      "conv1.kernel conv1_norm.scale conv1_norm.offset conv2.kernel conv2_norm.scale conv2_norm.offset " +
        "conv3.kernel conv3_norm.scale conv3_norm.offset conv4.kernel conv4_norm.scale conv4_norm.offset " +
        "dense.kernel dense_norm.scale dense_norm.offset output.kernel output.bias",
    );
    const state = network.state();
    const first = (name: string) => Number(state[name]!.data[0]);
    expect(first("conv1.kernel")).toBeCloseTo(0.40174356, 7);
    expect(first("conv4.kernel")).toBeCloseTo(-0.01631123, 7);
    expect(first("dense.kernel")).toBeCloseTo(-0.08676918, 7);
    expect(first("output.kernel")).toBeCloseTo(-0.02290524, 7);
    network.dispose();
  });

  it("has initial weights with He's variance", () => {
    const network = createNetwork(
      resolveConfig({}),
      { input: { ...input, height: 48, width: 48 }, outputs: 7 },
      1,
    );
    const data = network.state()["dense.kernel"]!.data as Float32Array;
    const variance = data.reduce((sum, value) => sum + value ** 2, 0) / data.length;
    expect(variance * 2304).toBeCloseTo(2, 1);
    network.dispose();
  });

  it("drops features only in training: others in each step, and the same for the same step", () => {
    const network = createNetwork(
      resolveConfig({ ...tiny, dropout: 0.5 }),
      { input, outputs: classes },
      1,
    );
    const images = normals([4, 16, 16, 1]).values;
    const logits = (step?: number) =>
      scope(() =>
        download(
          network.forward(
            upload(images.slice(), [4, 16, 16, 1]),
            step === undefined ? undefined : { seed: 1, step },
          ),
        ),
      );
    expect(logits(1)).toEqual(logits(1));
    expect(logits(1)).not.toEqual(logits(2));
    const calm = logits();
    logits(3);
    expect(logits()).not.toEqual(logits(3));
    expect(calm).toHaveLength(4 * classes);
    network.dispose();
  });

  it("frees every tensor of a training step", () => {
    const more = { squeezeExcite: 2, pooling: "blur" } as const;
    const config = resolveConfig({ ...tiny, dropout: 0.3, convDropout: 0.1, ...more });
    const before = tensorCount();
    const network = createNetwork(config, { input, outputs: classes }, 1);
    const optimizer = createOptimizer(config, network.trainable);
    const counts: number[] = [];
    for (let step = 0; step < 30; step++) {
      scope(() => {
        const logits = network.forward(upload(normals([6, 16, 16, 1]).values, [6, 16, 16, 1]), {
          seed: 1,
          step,
        });
        const { gradient } = ops.softmaxCrossEntropy(logits, ops.oneHot(upload(labels), classes));
        const gradients = network.backward(gradient);
        optimizer.apply(gradients, 0.001, step);
        for (const [, gradient] of gradients) expect(gradient.shape.length).toBeGreaterThan(0);
      });
      counts.push(tensorCount());
    }
    // The caller frees the gradients: here one per variable and step is left.
    expect(counts[29]! - counts[9]!).toBe(20 * network.trainable.length);
    optimizer.dispose();
    network.dispose();
    expect(tensorCount() - before).toBeLessThan(counts[29]! - before);
  });

  it("refuses values of another shape, with the name of the variable", () => {
    const network = createNetwork(resolveConfig(tiny), { input, outputs: classes }, 1);
    const state = network.state();
    const { "output.bias": bias, ...rest } = state;
    expect(() => network.load(rest)).toThrow(/expected output\.bias of shape \[3\], found nothing/);
    expect(() => network.load({ ...state, "conv1.kernel": bias! })).toThrow(
      /expected conv1\.kernel of shape \[3, 3, 1, 4\], found \[3\]/,
    );
    network.dispose();
  });

  it("refuses images that cannot be halved four times", () => {
    expect(() =>
      createNetwork(resolveConfig(tiny), { input: { ...input, width: 15 }, outputs: classes }, 1),
    ).toThrow(/at least 16×16 pixels.*found 15×16/);
  });
});
