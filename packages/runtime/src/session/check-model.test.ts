import { readFile } from "node:fs/promises";
import { MienError, encodeModelMetadata, random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { checkProbabilities } from "./check-model.ts";
import { ExpressionClassifier } from "../index.ts";
import { HALVES, halvesModel } from "../testing/models.ts";
import type { Graph } from "../testing/onnx-writer.ts";

const metadata = (changes: object) =>
  encodeModelMetadata({
    labels: HALVES,
    input: { height: 8, width: 8, channels: 1 },
    ...changes,
  });
const without = halvesModel();
const [flatten, gemm, softmax] = [
  { op: "Flatten", inputs: ["input"], outputs: ["pixels"], attributes: { axis: 1 } },
  { op: "Gemm", inputs: ["pixels", "w", "b"], outputs: ["logits"] },
  { op: "Softmax", inputs: ["logits"], outputs: ["probabilities"], attributes: { axis: 1 } },
] as const;
const input = { name: "input", shape: ["N", 8, 8, 1] };
const output = { name: "probabilities", shape: ["N", 5] };

/** What is wrong with a file, the file, and what the error message must match. */
const REFUSED: [string, Uint8Array, RegExp][] = [
  ["a web page", Buffer.from("<!doctype html><title>404</title>"), /not an ONNX model/],
  ["an empty file", new Uint8Array(), /not an ONNX model: it contains no graph/],
  ["a file that is cut off", without.subarray(0, 1000), /is cut off: byte .* is invalid/],
  ["an ONNX file that is not mien's", changed({ metadata: {} }), /metadata has no "mien.format"/],
  [
    "another format version",
    changed({ metadata: { ...metadata({}), "mien.format": "2" } }),
    /format is "2", this version reads "1"/,
  ],
  [
    "fewer labels than outputs",
    changed({ metadata: metadata({ labels: HALVES.slice(1) }) }),
    /expected float32 \[N, 4\] as output, one value for each of the labels Bottom, .*found float32 \[N, 5\]/,
  ],
  [
    "an input of another size",
    changed({ metadata: metadata({ input: { height: 48, width: 48, channels: 1 } }) }),
    /expected float32 \[N, 48, 48, 1\] as input, found float32 \[N, 8, 8, 1\] named "input"/,
  ],
  [
    "channels before pixels",
    changed({ inputs: [{ name: "input", shape: ["N", 1, 8, 8] }] }),
    /expected float32 \[N, 8, 8, 1\] as input, found float32 \[N, 1, 8, 8\]/,
  ],
  [
    "a fixed batch size",
    changed({ inputs: [{ name: "input", shape: [1, 8, 8, 1] }] }),
    /as input, found float32 \[1, 8, 8, 1\]/,
  ],
  [
    "an input of bytes",
    changed({ inputs: [{ ...input, type: "uint8" }] }),
    /onnxruntime cannot load it|found uint8/,
  ],
  [
    "two inputs",
    changed({ inputs: [input, { name: "mask", shape: ["N", 8] }] }),
    /expected exactly one input, found 2 \(input, mask\)/,
  ],
  [
    "two outputs",
    changed({ outputs: [output, { name: "logits", shape: ["N", 5] }] }),
    /expected exactly one output, found 2/,
  ],
  [
    "logits instead of probabilities",
    changed({ nodes: [flatten, { ...gemm, outputs: ["probabilities"] }] }),
    /is no list of probabilities/,
  ],
  [
    "an operation that does not exist",
    changed({ nodes: [flatten, gemm, { ...softmax, op: "Softermax" }] }),
    /onnxruntime cannot load it \(.*Softermax/,
  ],
  [
    "weights that do not fit",
    changed({ weights: { w: { shape: [9, 5], data: new Array<number>(45).fill(0) } } }),
    /onnxruntime cannot load it/,
  ],
  [
    "absurd sizes",
    changed({ metadata: metadata({ input: { height: 1e9, width: 8, channels: 1 } }) }),
    /8×1000000000 pixels/,
  ],
  [
    "two channels",
    changed({ metadata: metadata({ input: { height: 8, width: 8, channels: 2 } }) }),
    /of 2 channels/,
  ],
];

function changed(changes: Partial<Graph>): Uint8Array {
  return halvesModel(changes);
}

describe("a file is refused with the reason", () => {
  it.each(REFUSED)("for %s", async (_, bytes, reason) => {
    const error: unknown = await ExpressionClassifier.open(bytes).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(MienError);
    expect(error).toMatchObject({
      code: "bad-model",
      message: expect.stringMatching(reason) as string,
    });
    expect((error as MienError).message).toMatch(/^the model /);
  });

  it("for an output whose shape or values are wrong when the model runs", () => {
    const check = (dims: number[], data: unknown) => () =>
      checkProbabilities(
        { type: "float32", dims, data },
        { count: 2, labels: ["Happy", "Sad"], name: "m.onnx" },
      );
    const good = Float32Array.of(0.25, 0.75, 1, 0);
    expect(check([2, 2], good)()).toBe(good);
    expect(check([2, 2, 1], good)).toThrow(/found float32 \[2, 2, 1\]/);
    expect(check([1, 4], good)).toThrow(/\[2, 2\] for 2 images and the labels Happy, Sad/);
    expect(check([2, 2], new Float64Array(4))).toThrow(/cannot be used as an expression model/);
    expect(check([2, 2], Float32Array.of(0.25, 0.75, NaN, 1))).toThrow(/\[NaN, 1\.00\]/);
    expect(check([2, 2], Float32Array.of(0.25, 0.75, 1.5, -0.5))).toThrow(/\[1\.50, -0\.500\]/);
    expect(check([2, 2], Float32Array.of(0.25, 0.75, 0.9, 0.2))).toThrow(/\[0\.900, 0\.200\]/);
  });

  it("or is opened, wherever it is cut off or damaged: with no other error and no crash", async () => {
    const whole = halvesModel();
    const stream = random(5, "damage");
    const damaged = Array.from({ length: 400 }, (_, i) => {
      if (i < 100) return whole.subarray(0, stream.integer(whole.length));
      const bytes = whole.slice();
      for (let n = 0; n <= i % 3; n++) bytes[stream.integer(bytes.length)] = stream.integer(256);
      return bytes;
    });
    const errors: unknown[] = [];
    for (const bytes of damaged) {
      const opened = ExpressionClassifier.open(bytes).then((classifier) => classifier.close());
      await opened.catch((error: unknown) => errors.push(error));
    }
    expect(errors.length).toBeGreaterThan(100);
    for (const error of errors) expect(error).toMatchObject({ code: "bad-model" });
  });
});

it("the fixture that tests of other packages use is the model that the code builds", async () => {
  const file = new URL("../../fixtures/halves.onnx", import.meta.url);
  // If it is not: node --conditions=source --import tsx packages/runtime/src/testing/write-fixture.ts
  expect(Buffer.compare(await readFile(file), halvesModel())).toBe(0);
});
