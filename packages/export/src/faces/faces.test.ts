import { readFile } from "node:fs/promises";
import path from "node:path";
import { decodeTensors, readOnnxMetadata } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { runOnnx } from "@mien/runtime";
import { FACE_API } from "./face-api.ts";
import type { FaceNet } from "./face-models.ts";
import { LIBFACEDETECTION } from "./libfacedetection.ts";
import { compareFaces, decodeReference } from "./verify-faces.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../../../artifacts/release/faces");
const models = {} as Record<FaceNet, Buffer>;
beforeAll(async () => {
  for (const net of ["detector", "embedding"] as const) {
    models[net] = await readFile(path.join(FOLDER, `${net}.onnx`));
  }
});
const reference = async () =>
  decodeReference(decodeTensors(await readFile(path.join(FOLDER, "reference.bin")), "reference"));

describe("the released face models", () => {
  it("find the faces that libfacedetection finds, and give the embeddings of face-api", async () => {
    const found = await reference();
    const faces = found
      .filter(({ net }) => net === "detector")
      .map(({ output }) => output.shape[0]);
    expect(faces).toEqual([1, 4, 0]);
    const comparisons = await compareFaces(models, found);
    for (const { net, difference } of comparisons) {
      expect(difference).toBeLessThan(net === "detector" ? 1.01 : 1e-5);
    }
    expect(comparisons).toHaveLength(4);
  });

  it("are refused if a box, a score, the number of faces or an embedding differs", async () => {
    const changes: Record<FaceNet, ((data: number[]) => number[])[]> = {
      detector: [
        ([score, x, ...rest]) => [score!, x! + 3, ...rest],
        ([score, ...box]) => [score! - 3, ...box],
        (data) => data.slice(5),
      ],
      embedding: [(data) => data.map((value) => value + 1)],
    };
    for (const one of (await reference()).filter(({ output }) => output.data.length > 0)) {
      for (const change of changes[one.net]) {
        const data = Float32Array.from(change(Array.from(one.output.data, Number)));
        const shape = [data.length / (one.output.shape[1] ?? 1), one.output.shape[1] ?? 1];
        await expect(compareFaces(models, [{ ...one, output: { shape, data } }])).rejects.toThrow(
          one.net === "detector"
            ? /the detector differs from libfacedetection by .*, at most 1\.01 is allowed/
            : /the embedding differs from face-api by \d.*, at most 0\.0001 is allowed/,
        );
      }
    }
  });

  it("output one row of six numbers for each cell of 8, 16 and 32 pixels, for any size", async () => {
    for (const [height, width] of [
      [416, 320],
      [32, 32],
      [224, 416],
    ] as const) {
      const data = new Float32Array(height * width * 3).fill(90);
      const [output] = await runOnnx(models.detector, [{ shape: [1, height, width, 3], data }]);
      const cells = [8, 16, 32].map((stride) => (height / stride) * (width / stride));
      expect(output?.shape).toEqual([1, cells.reduce((a, b) => a + b), 6]);
    }
  });

  it("describe their input, their output and their source", () => {
    const props = readOnnxMetadata(models.detector, "detector");
    const json = (key: string) => JSON.parse(props[`mien.${key}`] ?? "null") as unknown;
    expect(props["mien.model"]).toBe("face-detector");
    expect(json("input")).toMatchObject({ colour: "RGB", range: [0, 255], multipleOf: 32 });
    expect(json("decode")).toMatchObject({ strides: [8, 16, 32], scoreThreshold: 0.65 });
    expect(json("source")).toMatchObject(LIBFACEDETECTION);
    const other = readOnnxMetadata(models.embedding, "embedding");
    expect(other["mien.model"]).toBe("face-embedding");
    expect(JSON.parse(other["mien.input"] ?? "")).toMatchObject({ height: 150, width: 150 });
    expect(JSON.parse(other["mien.source"] ?? "")).toMatchObject(FACE_API);
  });

  it.skipIf(withoutPython("onnx"))("pass onnx.checker and strict shape inference", () => {
    const script = `
import json, sys, onnx
found = {}
for name in ("detector", "embedding"):
    model = onnx.load(f"{sys.argv[1]}/{name}.onnx")
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    found[name] = len(model.graph.node)
print(json.dumps(found))`;
    const nodes = runPython(script, { args: [FOLDER] }) as Record<FaceNet, number>;
    expect(nodes.detector).toBeLessThan(80);
    expect(nodes.embedding).toBeLessThan(220);
  });
});
