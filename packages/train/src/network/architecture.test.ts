import { describe, expect, it } from "vitest";
import { architecture, trainingFlops } from "./architecture.ts";
import { resolveConfig } from "../config.ts";

const input = { height: 48, width: 48, channels: 1 };
const names = (changes: object) =>
  architecture(resolveConfig({ pooling: "max", ...changes }), input, 7).map(({ name }) => name);

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
    const kinds = stages.slice(0, 6).map(({ kind }) => kind);
    expect(kinds.join(" ")).toBe("convolution normalization pool relu blur dropout");
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

  it("blurs after the ReLU of each pooling, and excites after that", () => {
    const off = { normalization: "none", convDropout: 0.1, dropout: 0 };
    expect(
      names({ ...off, pooling: "blur", squeezeExcite: 16 })
        .slice(0, 7)
        .join(" "),
    ).toBe("conv1 pool1 relu1 blur1 excite1 dropout1 conv2");
    expect(
      names({ ...off, squeezeExcite: 16, depth: 2 })
        .slice(0, 7)
        .join(" "),
    ).toBe("conv1 relu1_1 conv1_2 pool1 relu1 excite1 dropout1");
    expect(names({ ...off, pooling: "blur" }).join(" ")).not.toContain("excite");
  });

  it("has a hidden unit per so many channels in squeeze-and-excitation, at least one", () => {
    const config = resolveConfig({ widths: [8, 24, 40, 64], squeezeExcite: 16 });
    const stages = architecture(config, input, 7);
    const units = stages.flatMap((stage) => (stage.kind === "squeeze-excite" ? stage.units : []));
    expect(units).toEqual([1, 1, 2, 4]);
  });

  it("needs three passes of multiply-adds per step, but only two in the first layer", () => {
    const config = resolveConfig({
      widths: [1, 1, 1, 1],
      kernelSize: 1,
      denseUnits: 2,
      pooling: "max",
    });
    const stages = architecture(config, { height: 16, width: 16, channels: 1 }, 3);
    // Convolutions on 16², 8², 4² and 2² pixels with one weight each, dense 1×2 and 2×3.
    expect(trainingFlops(stages, { height: 16, width: 16, channels: 1 })).toBe(
      2 * (2 * 256 + 3 * 64 + 3 * 16 + 3 * 4 + 3 * 2 + 3 * 6),
    );
  });

  it("needs two passes for the blurs, and three for the dense layers of squeeze-and-excitation", () => {
    const size = { height: 17, width: 16, channels: 1 };
    const flops = (changes: object) => {
      const config = resolveConfig({
        widths: [2, 2, 2, 2],
        denseUnits: 2,
        pooling: "max",
        ...changes,
      });
      return trainingFlops(architecture(config, size, 3), size);
    };
    const plain = flops({});
    // Two channels of 8², 4², 2² and 1 pixels after the poolings.
    expect(flops({ pooling: "blur" }) - plain).toBe(2 * 2 * 9 * 2 * (64 + 16 + 4 + 1));
    // 2×1 and 1×2 weights in each of four blocks.
    expect(flops({ squeezeExcite: 2 }) - plain).toBe(2 * 3 * 4 * (2 + 2));
  });
});
