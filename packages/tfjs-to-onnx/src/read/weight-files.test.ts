import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { random } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runOnnx } from "@mien/runtime";
import { MIEN_NET } from "../testing/shape-models.ts";
import { loadTf, type Tf } from "../testing/tf.ts";
import { randomise } from "../testing/test-models.ts";
import { convertLayersModel } from "../convert.ts";
import { readLayersModel } from "./layers-model.ts";

interface Spec {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: unknown;
}

let root: string;
let tf: Tf;
beforeAll(async () => {
  tf = loadTf();
  root = await mkdtemp(path.join(tmpdir(), "mien weights-"));
  const model = MIEN_NET.build(tf);
  randomise(tf, model, random(3, "weights"));
  await model.save(`file://${path.join(root, "plain")}`);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A copy of the model with its weights quantised, one group and two shards a kind. */
async function quantised(dtype: "uint8" | "uint16" | "float16"): Promise<string> {
  const folder = path.join(root, dtype);
  await cp(path.join(root, "plain"), folder, { recursive: true });
  const file = path.join(folder, "model.json");
  const json = JSON.parse(await readFile(file, "utf8")) as {
    weightsManifest: { paths: string[]; weights: Spec[] }[];
  };
  const bytes = new Uint8Array(await readFile(path.join(folder, "weights.bin")));
  const floats = new Float32Array(bytes.buffer);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const spec of json.weightsManifest[0]!.weights) {
    const size = spec.shape.reduce((product, n) => product * n, 1);
    const values = floats.subarray(at, at + size);
    at += size;
    if (dtype === "float16") {
      spec.quantization = { dtype, original_dtype: "float32" };
      const half = Uint16Array.from(values, toHalf);
      parts.push(new Uint8Array(half.buffer));
      continue;
    }
    const min = Math.min(...values);
    const scale = (Math.max(...values) - min) / (dtype === "uint8" ? 255 : 65535) || 1;
    spec.quantization = { dtype, min, scale, original_dtype: "float32" };
    const steps = Array.from(values, (value) => Math.round((value - min) / scale));
    const stored = dtype === "uint8" ? Uint8Array.from(steps) : Uint16Array.from(steps);
    parts.push(new Uint8Array(stored.buffer));
  }
  const all = Buffer.concat(parts);
  json.weightsManifest[0]!.paths = ["a-1of2.bin", "a-2of2.bin"];
  await writeFile(path.join(folder, "a-1of2.bin"), all.subarray(0, 101));
  await writeFile(path.join(folder, "a-2of2.bin"), all.subarray(101));
  await writeFile(file, JSON.stringify(json));
  return folder;
}

/** The nearest half for numbers of ordinary size. */
function toHalf(value: number): number {
  const size = Math.abs(value);
  const exponent = size === 0 ? -15 : Math.max(-15, Math.floor(Math.log2(size)));
  const fraction = exponent === -15 ? size * 2 ** 24 : (size / 2 ** exponent - 1) * 1024;
  return (value < 0 ? 0x8000 : 0) + (exponent + 15) * 1024 + Math.round(fraction);
}

describe("quantised weight files", () => {
  it.each(["uint8", "uint16", "float16"] as const)(
    "of %s give the model that stock tfjs loads",
    async (dtype) => {
      const folder = await quantised(dtype);
      const model = await tf.loadLayersModel(`file://${path.join(folder, "model.json")}`);
      const stream = random(1, "pixels");
      const data = Float32Array.from({ length: 2 * 24 * 24 }, () => stream.integer(256));
      const shape = [2, 24, 24, 1];
      const expected = (
        model.predict(tf.tensor(data, shape)) as ReturnType<Tf["tensor"]>
      ).dataSync();
      const [found] = await runOnnx(convertLayersModel(await readLayersModel(folder)), [
        { shape, data },
      ]);
      const plain = await readLayersModel(path.join(root, "plain"));
      const [unquantised] = await runOnnx(convertLayersModel(plain), [{ shape, data }]);
      const difference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
        Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));
      expect(difference(found!.data, expected)).toBeLessThan(1e-6);
      // The weights are the stored ones, after quantisation.
      expect(difference(unquantised!.data, expected)).toBeGreaterThan(1e-6);
    },
  );

  const broken: [string, unknown, RegExp][] = [
    [
      "an unknown kind",
      { dtype: "int4" },
      /weight \S+ is quantised to "int4"; known: uint8, uint16/,
    ],
    ["no object", 3, /"quantization" of weight \S+ must be an object/],
    [
      "an infinite scale",
      { dtype: "uint8", scale: "1", min: 0 },
      /"scale" and "min" of the quantised/,
    ],
    ["another size", { dtype: "uint8", scale: 1, min: 0 }, /should take \d+ bytes, found \d+/],
  ];
  it.each(broken)("are refused with %s", async (_, quantization, message) => {
    const folder = await mkdtemp(path.join(root, "broken-"));
    await cp(path.join(root, "plain"), folder, { recursive: true });
    const file = path.join(folder, "model.json");
    const json = JSON.parse(await readFile(file, "utf8")) as {
      weightsManifest: { weights: Spec[] }[];
    };
    json.weightsManifest[0]!.weights[0]!.quantization = quantization;
    await writeFile(file, JSON.stringify(json));
    await expect(readLayersModel(folder)).rejects.toMatchObject({
      code: "bad-model",
      message: expect.stringMatching(message) as string,
    });
  });
});
