import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { encodeModelMetadata, type RawImage } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExpressionClassifier } from "../index.ts";
import { writeOnnx } from "../testing/onnx-writer.ts";

const MEAN = [0.5, 0.25, 0];
const STD = [0.5, 1, 0.25];
const LABELS = ["Red", "Green", "Blue"];

/**
 * A model in Hugging Face's layout whose logits are the mean red, green and blue of an image, 0–255,
 * divided by 20. It undoes the normalisation of `pixel_values`.
 */
function coloursModel(channels: 1 | 3, planes = 3): Uint8Array {
  const perChannel = (values: number[]) => ({ shape: [1, 3, 1, 1], data: values });
  return writeOnnx({
    inputs: [{ name: "pixel_values", shape: ["N", planes, "height", "width"] }],
    outputs: [{ name: "logits", shape: ["N", 3] }],
    nodes: [
      { op: "Mul", inputs: ["pixel_values", "scale"], outputs: ["scaled"] },
      { op: "Add", inputs: ["scaled", "mean"], outputs: ["pixels"] },
      { op: "GlobalAveragePool", inputs: ["pixels"], outputs: ["pooled"] },
      { op: "Flatten", inputs: ["pooled"], outputs: ["logits"], attributes: { axis: 1 } },
    ],
    weights: {
      scale: perChannel(STD.map((std) => (std * 255) / 20)),
      mean: perChannel(MEAN.map((mean) => (mean * 255) / 20)),
    },
    metadata: encodeModelMetadata({
      labels: LABELS,
      input: { height: 6, width: 4, channels },
      pixelValues: { mean: MEAN, std: STD },
    }),
  });
}

function plain([red, green, blue]: readonly [number, number, number], size = 24): RawImage {
  const data = Uint8Array.from({ length: 3 * size }, (_, i) => [red, green, blue][i % 3] ?? 0);
  return { width: size / 6, height: 6, channels: 3, data };
}

function softmax(logits: readonly number[]): number[] {
  const powers = logits.map((logit) => Math.exp(logit));
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien hub-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a model in Hugging Face's layout", () => {
  it("gives the softmax of its logits for the colours of each image", async () => {
    const classifier = await ExpressionClassifier.open(coloursModel(3));
    const colours = [
      [200, 100, 40],
      [10, 20, 60],
      [0, 255, 254],
    ] as const;
    const answers = await classifier.classify(colours.map((colour) => plain(colour)));
    await classifier.close();
    answers.forEach(({ probabilities }, i) => {
      const expected = softmax((colours[i] ?? []).map((value) => value / 20));
      probabilities.forEach((value, j) => expect(value).toBeCloseTo(expected[j] ?? NaN, 5));
    });
    expect(answers.map(({ expression }) => expression)).toEqual(["Red", "Blue", "Green"]);
  });

  it("gets the same grey in all channels if it is a grey model, also on its own thread", async () => {
    const classifier = await ExpressionClassifier.open(coloursModel(1), { background: true });
    const { probabilities } = await classifier.classify(plain([200, 100, 40]));
    await classifier.close();
    probabilities.forEach((value) => expect(value).toBeCloseTo(1 / 3, 5));
  });

  it("is opened by the path or the address of its folder", async () => {
    await mkdir(path.join(folder, "onnx"));
    await writeFile(path.join(folder, "onnx/model.onnx"), coloursModel(3));
    for (const source of [folder, pathToFileURL(folder), path.join(folder, "onnx/model.onnx")]) {
      const classifier = await ExpressionClassifier.open(source);
      expect((await classifier.classify(plain([0, 90, 0]))).expression).toBe("Green");
      await classifier.close();
    }
    const empty = path.join(folder, "onnx");
    await expect(ExpressionClassifier.open(empty)).rejects.toMatchObject({
      code: "missing-file",
      message: expect.stringContaining(path.join(empty, "onnx/model.onnx")) as string,
    });
  });

  it("is refused if its input has another number of channels", async () => {
    await expect(ExpressionClassifier.open(coloursModel(3, 1))).rejects.toThrow(
      'expected float32 [N, 3, 6, 4] as input, found float32 [N, 1, height, width] named "pixel_values"',
    );
  });
});
