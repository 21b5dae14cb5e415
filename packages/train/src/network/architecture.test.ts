import { describe, expect, it } from "vitest";
import { architecture, trainingFlops } from "./architecture.ts";
import { resolveConfig } from "../config.ts";

const input = { height: 48, width: 48, channels: 1 };
const names = (changes: object) =>
  architecture(resolveConfig(changes), input, 7).map(({ name }) => name);

describe("the architecture", () => {
  it("has exactly four convolutions and two dense layers, in order", () => {
    const stages = architecture(resolveConfig({}), input, 7);
    const linear = stages.filter((stage) => stage.kind === "convolution" || stage.kind === "dense");
    expect(linear.map(({ shape }) => shape)).toEqual([
      [3, 3, 1, 32],
      [3, 3, 32, 64],
      [3, 3, 64, 128],
      [3, 3, 128, 256],
      [2304, 256],
      [256, 7],
    ]);
    expect(stages.slice(0, 5).map(({ kind }) => kind)).toEqual([
      "convolution",
      "normalization",
      "pool",
      "relu",
      "dropout",
    ]);
  });

  it("leaves out normalisation and dropout that are off, and has biases without normalisation", () => {
    expect(names({ normalization: "none", convDropout: 0, dropout: 0 }).join(" ")).toBe(
      "conv1 pool1 relu1 conv2 pool2 relu2 conv3 pool3 relu3 conv4 pool4 relu4 flatten dense relu5 output",
    );
    const biases = (normalization: "batch" | "none") =>
      architecture(resolveConfig({ normalization }), input, 7).map(
        (stage) => (stage.kind === "convolution" || stage.kind === "dense") && stage.bias,
      );
    expect(biases("batch").filter(Boolean)).toHaveLength(1);
    expect(biases("none").filter(Boolean)).toHaveLength(6);
  });

  it("needs three passes of multiply-adds per step, but only two in the first layer", () => {
    const config = resolveConfig({ widths: [1, 1, 1, 1], kernelSize: 1, denseUnits: 2 });
    const stages = architecture(config, { height: 16, width: 16, channels: 1 }, 3);
    // Convolutions on 16², 8², 4² and 2² pixels with one weight each, dense 1×2 and 2×3.
    expect(trainingFlops(stages, { height: 16, width: 16, channels: 1 })).toBe(
      2 * (2 * 256 + 3 * 64 + 3 * 16 + 3 * 4 + 3 * 2 + 3 * 6),
    );
  });
});
