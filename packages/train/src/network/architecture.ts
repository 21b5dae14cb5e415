import { MienError, type ModelInput } from "@mien/format";
import type { TrainConfig } from "../config.ts";

/** A stage of the network; the stages form a chain. */
export type Stage =
  | {
      readonly kind: "convolution";
      readonly name: string;
      readonly shape: Shape4;
      readonly bias: boolean;
    }
  | { readonly kind: "normalization"; readonly name: string; readonly channels: number }
  | { readonly kind: "pool"; readonly name: string }
  | { readonly kind: "relu"; readonly name: string }
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
 * the maximum of rectified values is the rectified maximum.
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
    stages.push(
      { kind: "pool", name: `pool${i + 1}` },
      { kind: "relu", name: `relu${i + 1}` },
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
  const isRegularised = kind === "convolution" || (kind === "dense" && l2On !== "convolutions");
  return isRegularised ? (l2 ?? 0) : 0;
}

/**
 * Floating-point operations of a training step per image: two for each multiply-add, in the forward
 * pass and for both gradients (without the input gradient of the first layer). Only convolutions and
 * dense layers count.
 */
export function trainingFlops(stages: readonly Stage[], input: ModelInput): number {
  let { height, width } = input;
  let flops = 0;
  let passes = 2;
  for (const stage of stages) {
    if (stage.kind === "pool") {
      height = Math.floor(height / 2);
      width = Math.floor(width / 2);
    }
    if (stage.kind !== "convolution" && stage.kind !== "dense") continue;
    const weights = stage.shape.reduce((product, n) => product * n, 1);
    flops += passes * 2 * weights * (stage.kind === "convolution" ? height * width : 1);
    passes = 3;
  }
  return flops;
}
