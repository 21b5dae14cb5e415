import { describe, expect, it } from "vitest";
import { FaceEmbedder } from "./face-embedder.ts";
import { colourModel, halvesModel } from "../testing/models.ts";
import { writeOnnx } from "../testing/onnx-writer.ts";

const grey = { width: 2, height: 2, channels: 3, data: new Uint8Array(12).fill(51) } as const;

/** Promises any number of faces, and takes one. */
function oneFaceModel(): Uint8Array {
  return writeOnnx({
    inputs: [{ name: "input", shape: ["N", 2, 2, 3] }],
    outputs: [{ name: "output", shape: ["N", 12] }],
    nodes: [
      { op: "Flatten", inputs: ["input"], outputs: ["flat"], attributes: { axis: 0 } },
      { op: "Gemm", inputs: ["flat", "w", "b"], outputs: ["output"] },
    ],
    weights: {
      w: { shape: [12, 12], data: Array.from({ length: 144 }, (_, i) => (i % 13 === 0 ? 1 : 0)) },
      b: { shape: [12], data: Array.from({ length: 12 }, () => 0) },
    },
    metadata: {},
  });
}

describe("a face embedding", () => {
  it("turns each face into its point", async () => {
    const embedder = await FaceEmbedder.open(colourModel());
    const points = await embedder.embed([grey, grey]);
    expect(points.map((point) => point.length)).toEqual([27, 27]);
    for (const value of points[1]!) expect(value).toBeCloseTo(0.2, 5);
    expect(await embedder.embed([])).toEqual([]);
    await embedder.close();
  });

  it("refuses models that are none, or that fail when they are tried", async () => {
    for (const [bytes, reason] of [
      [Buffer.from("<!doctype html>"), /onnxruntime refuses it/],
      [halvesModel(), /expected \[N, side, side, 3\] → \[N, length\], found/],
      [oneFaceModel(), /onnxruntime fails on it/],
    ] as const) {
      const refusal = FaceEmbedder.open(bytes);
      await expect(refusal).rejects.toMatchObject({ code: "bad-model" });
      await expect(refusal).rejects.toThrow(reason);
    }
  });

  it("is closed for good, also twice and while it works, and says so", async () => {
    const embedder = await FaceEmbedder.open(colourModel());
    const last = embedder.embed([grey]);
    await Promise.all([embedder.close(), embedder.close()]);
    expect(await last).toHaveLength(1);
    await expect(embedder.embed([grey])).rejects.toMatchObject({ code: "usage" });
  });
});
