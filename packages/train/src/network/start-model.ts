import { MienError, type ModelInput, type NamedTensor, type OnnxLayer } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import { BATCH_NORM_EPSILON } from "../tensor/native-ops.ts";
import { scope, type NativeTensor } from "../tensor/native.ts";
import type { Stage } from "./architecture.ts";
import { initialDeviation } from "./linear-layers.ts";
import { createNetwork } from "./network.ts";
import type { Standardisation } from "./standardise.ts";

/** An exported model whose weights are the initial weights of a training. */
export interface StartModel {
  /** The path of its file, for errors. */
  readonly file: string;
  readonly layers: ReadonlyMap<string, OnnxLayer>;
  /** The mean that the model takes off the pixels, 0–255. */
  readonly mean: number;
  /** The temperature that divides its logits, above 0. */
  readonly temperature: number;
}

/**
 * The initial weights of a network with one head that gives the same answers as an exported model.
 *
 * An exported model has no batch normalisation any more, because its factors are part of the
 * kernels. Here each is made anew: its statistics are those of some images, and its scale and offset
 * restore the values after it. So in training, a batch normalised by its own statistics gets nearly
 * the same values as well.
 *
 * @param config of the network, which must have the layers of the model; without
 * squeeze-and-excitation. Another pooling than the model's begins with the model's weights.
 * @param about.images standardised, float32 [images, height, width, channels]; a few hundred.
 * @throws {MienError} `mismatch` if the model has other layers than the network.
 */
export function startFromModel(
  model: StartModel,
  config: TrainConfig,
  {
    input,
    classes,
    images,
    standardisation,
  }: {
    readonly input: ModelInput;
    readonly classes: number;
    readonly images: NativeTensor;
    readonly standardisation: Standardisation;
  },
): Record<string, NamedTensor> {
  // Without dropout, and with moving averages that are the statistics of the last batch.
  const still = { dropout: 0, convDropout: 0, batchNormMomentum: 0, precision: "fp32" } as const;
  const inferred = { ...config, ...still };
  const network = createNetwork(inferred, { input, outputs: classes }, 0);
  try {
    const state = network.state();
    const restored: {
      readonly name: string;
      readonly scale: number;
      readonly bias: Float32Array;
    }[] = [];
    let channels = 0;
    for (const [i, stage] of network.stages.entries()) {
      if (stage.kind !== "convolution" && stage.kind !== "dense") continue;
      const isFirst = i === 0;
      const afterMaps = network.stages[i - 1]?.kind === "flatten" ? channels : undefined;
      const { kernel, bias } = plainLayer(model, stage, { isFirst, afterMaps, standardisation });
      channels = bias.length;
      const next = network.stages[i + 1];
      if (next?.kind !== "normalization") {
        state[`${stage.name}.kernel`] = { shape: stage.shape, data: kernel };
        state[`${stage.name}.bias`] = { shape: [bias.length], data: bias };
        continue;
      }
      const scale = deviationOf(kernel) / initialDeviation(stage);
      const data = kernel.map((weight) => weight / scale);
      state[`${stage.name}.kernel`] = { shape: stage.shape, data };
      restored.push({ name: next.name, scale, bias });
    }
    for (const { name, scale, bias } of restored) {
      network.load(state);
      // The passes before this one have restored all layers before this one.
      scope(() => network.forward(images, { seed: 0, step: 0 }));
      const measured = network.state();
      const mean = measured[`${name}.mean`];
      const variance = measured[`${name}.variance`];
      if (mean === undefined || variance === undefined)
        throw new Error(`${name} has no statistics`);
      const values = (of: (channel: number) => number): NamedTensor => ({
        shape: [bias.length],
        data: Float32Array.from(bias, (_, channel) => of(channel)),
      });
      state[`${name}.mean`] = mean;
      state[`${name}.variance`] = variance;
      state[`${name}.scale`] = values(
        (i) => scale * Math.sqrt((variance.data[i] ?? NaN) + BATCH_NORM_EPSILON),
      );
      state[`${name}.offset`] = values((i) => scale * (mean.data[i] ?? NaN) + (bias[i] ?? NaN));
    }
    return state;
  } finally {
    network.dispose();
  }
}

type LinearStage = Extract<Stage, { kind: "convolution" | "dense" }>;

/**
 * A layer of the model in the layout of the network, for standardised images, and without
 * temperature.
 */
function plainLayer(
  model: StartModel,
  stage: LinearStage,
  {
    isFirst,
    afterMaps,
    standardisation,
  }: {
    readonly isFirst: boolean;
    /** The channels of the maps before a dense layer; undefined if no maps are before it. */
    readonly afterMaps: number | undefined;
    readonly standardisation: Standardisation;
  },
): { kernel: Float32Array; bias: Float32Array } {
  const layer = model.layers.get(stage.name);
  const expected =
    stage.shape.length === 4
      ? [stage.shape[3], stage.shape[2], stage.shape[0], stage.shape[1]]
      : stage.shape;
  if (layer === undefined || String(layer.kernel.shape) !== String(expected)) {
    const found = layer === undefined ? "none" : `[${layer.kernel.shape.join(", ")}]`;
    throw mismatch(model, `${stage.name} with a kernel [${expected.join(", ")}], found ${found}`);
  }
  const outputs = expected.at(stage.shape.length === 4 ? 0 : 1) ?? 0;
  let kernel = layer.kernel.data;
  let bias: Float32Array = layer.bias?.data ?? new Float32Array(outputs);
  if (stage.shape.length === 4) {
    kernel = toChannelsLast(kernel, stage.shape);
  } else if (afterMaps !== undefined) {
    kernel = fromChannelsFirst(kernel, stage.shape, afterMaps);
  }
  if (isFirst) {
    // The model takes pixels p, and the network x = (p − mean) / deviation.
    const shift = standardisation.mean - model.mean;
    const sums = new Float32Array(outputs);
    kernel.forEach((weight, i) => (sums[i % outputs]! += weight));
    bias = bias.map((value, k) => value + shift * (sums[k] ?? NaN));
    kernel = kernel.map((weight) => weight * standardisation.deviation);
  }
  if (stage.name === "output") {
    kernel = kernel.map((weight) => weight * model.temperature);
    bias = bias.map((value) => value * model.temperature);
  }
  return { kernel, bias };
}

/** A kernel [out, in, height, width] as [height, width, in, out]. */
function toChannelsLast(
  kernel: Float32Array,
  [height, width, inputs, outputs]: readonly [number, number, number, number],
): Float32Array {
  const area = height * width;
  return Float32Array.from(kernel, (_, i) => {
    const k = i % outputs;
    const c = Math.floor(i / outputs) % inputs;
    const at = Math.floor(i / (outputs * inputs));
    return kernel[(k * inputs + c) * area + at] ?? NaN;
  });
}

/**
 * The kernel of a dense layer after maps, whose rows are in the order channel, row, column, with
 * rows in the order row, column, channel.
 */
function fromChannelsFirst(
  kernel: Float32Array,
  [features, outputs]: readonly [number, number],
  channels: number,
): Float32Array {
  const area = features / channels;
  return Float32Array.from(kernel, (_, i) => {
    const feature = Math.floor(i / outputs);
    const from = (feature % channels) * area + Math.floor(feature / channels);
    return kernel[from * outputs + (i % outputs)] ?? NaN;
  });
}

/** The root mean square. */
function deviationOf(kernel: Float32Array): number {
  return Math.sqrt(kernel.reduce((sum, weight) => sum + weight ** 2, 0) / kernel.length);
}

function mismatch({ file }: StartModel, expected: string): MienError {
  return new MienError("mismatch", `${file} has another network: expected ${expected}`, {
    advice:
      "--start needs a model in 32 bits, and the settings of its network: its card names them.",
  });
}
