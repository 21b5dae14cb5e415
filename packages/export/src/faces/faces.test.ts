import { readFile } from "node:fs/promises";
import path from "node:path";
import { decodeTensors, readOnnxMetadata } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { runOnnx } from "@mien/runtime";
import { FACE_API, type FaceNet } from "./face-api.ts";
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
  it("give the outputs of face-api for every shape", async () => {
    const comparisons = await compareFaces(models, await reference());
    expect(comparisons.map(({ net, shape }) => `${net} ${shape.join("×")}`)).toEqual([
      "detector 1×96×128×3",
      "detector 2×64×32×3",
      "embedding 2×150×150×3",
    ]);
    for (const { difference } of comparisons) expect(difference).toBeLessThan(1e-5);
  });

  it("are refused if an output differs from face-api", async () => {
    const others = (await reference()).map(({ request, output }) => ({
      request,
      output: { ...output, data: output.data.map((value) => value + 1) },
    }));
    await expect(compareFaces(models, others)).rejects.toThrow(
      /the detector differs from face-api by \d\.\de-2 on \[1, 96, 128, 3\], at most 0\.0001/,
    );
  });

  it("output one cell for every 32 pixels, for any size", async () => {
    for (const [height, width] of [
      [416, 320],
      [32, 32],
      [224, 416],
    ] as const) {
      const data = new Float32Array(height * width * 3).fill(90);
      const [output] = await runOnnx(models.detector, [{ shape: [1, height, width, 3], data }]);
      expect(output?.shape).toEqual([1, height / 32, width / 32, 25]);
    }
  });

  it("describe their input, their output and their source", () => {
    const props = readOnnxMetadata(models.detector, "detector");
    const json = (key: string) => JSON.parse(props[`mien.${key}`] ?? "null") as unknown;
    expect(props["mien.model"]).toBe("face-detector");
    expect(json("input")).toMatchObject({ colour: "RGB", range: [0, 255], multipleOf: 32 });
    expect(json("decode")).toMatchObject({ cell: 32, scoreThreshold: 0.5 });
    expect(json("source")).toMatchObject(FACE_API);
    const other = readOnnxMetadata(models.embedding, "embedding");
    expect(other["mien.model"]).toBe("face-embedding");
    expect(JSON.parse(other["mien.input"] ?? "")).toMatchObject({ height: 150, width: 150 });
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
