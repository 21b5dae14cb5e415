import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { runOnnx } from "@mien/runtime";
import { convertLayersModel } from "./convert.ts";
import { readLayersModel } from "./read/layers-model.ts";

const FIXTURES = path.resolve(import.meta.dirname, "../fixtures");

describe("a model that Keras saved in the layout of its tfjs converter", () => {
  it.each(["keras2", "keras3"])("answers as Keras did: %s", async (name) => {
    const folder = path.join(FIXTURES, name);
    const onnx = convertLayersModel(await readLayersModel(folder));
    const reference = JSON.parse(
      await readFile(path.join(folder, "reference.json"), "utf8"),
    ) as Record<"pixels" | "label" | "side", number[]>;
    const pixels = Float32Array.from(reference.pixels);
    const answers = await runOnnx(onnx, [{ shape: [2, 12, 10, 3], data: pixels }]);
    expect(answers.map(({ shape }) => shape)).toEqual([
      [2, 4],
      [2, 2],
    ]);
    [reference.label, reference.side].forEach((expected, i) => {
      expected.forEach((value, j) => expect(answers[i]?.data[j]).toBeCloseTo(value, 5));
    });
  });
});
