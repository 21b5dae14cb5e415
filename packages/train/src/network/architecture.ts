import { MienError, type ModelInput } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import { BLUR_SIZE } from "./blur-kernel.ts";
import type { PoolStride } from "./max-pool.ts";

/** A stage of the network; the stages form a chain. */
export type Stage =
  | {
      readonly kind: "convolution";
      readonly name: string;
      readonly shape: Shape4;
      readonly bias: boolean;
    }
  | { readonly kind: "normalization"; readonly name: string; readonly channels: number }
  | { readonly kind: "pool"; readonly name: string; readonly stride: PoolStride }
  | { readonly kind: "blur"; readonly name: string; readonly channels: number }
  | { readonly kind: "relu"; readonly name: string }
  | {
      readonly kind: "squeeze-excite";
      readonly name: string;
      readonly channels: number;
      /** Units of its hidden dense layer, at least 1. */
      readonly units: number;
    }
  | { readonly kind: "dropout"; readonly name: string; readonly rate: number }
  | { readonly kind: "flatten"; readonly name: string; readonly size: number }
  | { readonly kind: "average"; readonly name: string }
  | {
      readonly kind: "dense";
      readonly name: string;
      readonly shape: Shape2;
      readonly bias: boolean;
    };

/** [height, width, channels in, channels out] of a kernel. */
type Shape4 = readonly [number, number, number, number];
/** [features in, features out] of a kernel. */
type Shape2 = readonly [number, number];

/** The settings that determine the network. */
export type NetworkConfig = Pick<
  TrainConfig,
  | "widths"
  | "depth"
  | "kernelSize"
  | "firstKernelSize"
  | "pooling"
  | "squeezeExcite"
  | "head"
  | "denseUnits"
  | "normalization"
  | "convDropout"
  | "dropout"
>;

/**
 * The stages of the network, from standardised images to logits: four blocks of convolutions and two
 * dense layers.
 *
 * ReLU follows the pooling, because it has a quarter of the values there and the result is the same:
 * the maximum of rectified values is the rectified maximum. In anti-aliased pooling (Zhang 2019), ReLU
 * follows the maximum and precedes the blur, as in the paper; a blur and a ReLU cannot be exchanged.
 *
 * Squeeze-and-excitation (Hu et al. 2018, section 3) follows the pooling and the ReLU of each block.
 * Before the pooling, the maps are four times as large, and so is the cost.
 *
 * @throws {MienError} `bad-config` if the images are too small to be halved four times.
 */
export function architecture(
  config: NetworkConfig,
  input: ModelInput,
  classes: number,
): readonly Stage[] {
  const normalized = config.normalization === "batch";
  const dropout = (name: string, rate: number): Stage[] =>
    rate > 0 ? [{ kind: "dropout", name, rate }] : [];
  const normalization = (name: string, channels: number): Stage[] =>
    normalized ? [{ kind: "normalization", name, channels }] : [];
  const squeezeExcite = (name: string, channels: number): Stage[] => {
    const units = Math.max(1, Math.floor(channels / config.squeezeExcite));
    return config.squeezeExcite > 0 ? [{ kind: "squeeze-excite", name, channels, units }] : [];
  };
  const stages: Stage[] = [];
  let { height, width, channels } = input;
  config.widths.forEach((filters, i) => {
    for (let j = 0; j < config.depth; j++) {
      const first = i === 0 && j === 0;
      const size = (first && config.firstKernelSize) || config.kernelSize;
      const number = j === 0 ? `${i + 1}` : `${i + 1}_${j + 1}`;
      if (j > 0) stages.push({ kind: "relu", name: `relu${i + 1}_${j}` });
      stages.push(
        {
          kind: "convolution",
          name: `conv${number}`,
          shape: [size, size, channels, filters],
          bias: !normalized,
        },
        ...normalization(`conv${number}_norm`, filters),
      );
      channels = filters;
    }
    const blurred = config.pooling === "blur";
    stages.push(
      { kind: "pool", name: `pool${i + 1}`, stride: blurred ? 1 : 2 },
      { kind: "relu", name: `relu${i + 1}` },
      ...(blurred ? [{ kind: "blur", name: `blur${i + 1}`, channels } as const] : []),
      ...squeezeExcite(`excite${i + 1}`, channels),
      ...dropout(`dropout${i + 1}`, config.convDropout),
    );
    height = Math.floor(height / 2);
    width = Math.floor(width / 2);
  });
  if (height < 1 || width < 1) {
    throw new MienError(
      "bad-config",
      `expected images of at least 16×16 pixels, which four poolings halve to 1×1, found ${input.width}×${input.height}`,
    );
  }
  const average = config.head === "average";
  const size = average ? channels : height * width * channels;
  stages.push(
    average ? { kind: "average", name: "average" } : { kind: "flatten", name: "flatten", size },
    { kind: "dense", name: "dense", shape: [size, config.denseUnits], bias: !normalized },
    ...normalization("dense_norm", config.denseUnits),
    { kind: "relu", name: "relu5" },
    ...dropout("dropout5", config.dropout),
    { kind: "dense", name: "output", shape: [config.denseUnits, classes], bias: true },
  );
  return stages;
}

/** The factor of the sum of a stage's squared kernel weights in the loss; 0 for a stage without any. */
export function l2Of(
  { kind }: Stage,
  { l2, l2On }: Partial<Pick<TrainConfig, "l2" | "l2On">>,
): number {
  const isDense = kind === "dense" || kind === "squeeze-excite";
  const isRegularised = kind === "convolution" || (isDense && l2On !== "convolutions");
  return isRegularised ? (l2 ?? 0) : 0;
}

/**
 * Floating-point operations of a training step per image: two for each multiply-add, in the forward
 * pass and for both gradients (without the input gradient of the first layer, and without a kernel
 * gradient of blurs, whose kernels are fixed). Only convolutions, blurs and dense layers count, also
 * the dense layers of squeeze-and-excitation.
 */
export function trainingFlops(stages: readonly Stage[], input: ModelInput): number {
  let { height, width } = input;
  let flops = 0;
  let passes = 2;
  for (const stage of stages) {
    switch (stage.kind) {
      case "pool":
        height = Math.floor((height - 2) / stage.stride) + 1;
        width = Math.floor((width - 2) / stage.stride) + 1;
        break;
      case "blur":
        height = Math.ceil(height / 2);
        width = Math.ceil(width / 2);
        flops += 2 * 2 * BLUR_SIZE ** 2 * stage.channels * height * width;
        break;
      case "squeeze-excite":
        flops += 3 * 2 * 2 * stage.channels * stage.units;
        break;
      case "convolution":
      case "dense": {
        const weights = stage.shape.reduce((product, n) => product * n, 1);
        flops += passes * 2 * weights * (stage.kind === "convolution" ? height * width : 1);
        passes = 3;
        break;
      }
    }
  }
  return flops;
}
