import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { encodeTensors } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXCITED_NET, functionalModels, randomGraph } from "./testing/functional-models.ts";
import { channelsFirst, otherLayers } from "./testing/image-models.ts";
import {
  activations,
  convolutions,
  depthwiseConvolutions,
  normalizations,
  poolings,
} from "./testing/layer-models.ts";
import { products } from "./testing/product-models.ts";
import { onRows, volumesAndTransposed } from "./testing/row-and-volume-models.ts";
import { MIEN_NET, shapes } from "./testing/shape-models.ts";
import { loadTf, type Tf } from "./testing/tf.ts";
import { compare, throughDisk, type Comparison, type TestModel } from "./testing/test-models.ts";
import { convertLayersModel, type ConvertOptions } from "./convert.ts";

/** Largest allowed max |a − b| / max |b| of an output. */
const TOLERANCE = 1e-5;

let tf: Tf;
const all: Comparison[] = [];

beforeAll(() => {
  tf = loadTf();
});

/** The test models whose outputs differ from tfjs, each with the difference. */
async function failures(
  testModels: readonly TestModel[],
  options: ConvertOptions = {},
): Promise<string[]> {
  const found: string[] = [];
  for (const testModel of testModels) {
    try {
      const comparison = await compare(tf, testModel, options);
      all.push(comparison);
      if (comparison.difference <= TOLERANCE) continue;
      found.push(`${testModel.name}: ${comparison.difference}`);
    } catch (error) {
      found.push(`${testModel.name}: ${String(error)}`);
    }
  }
  return found;
}

describe("a converted model answers as tfjs does", () => {
  it("for convolutions of every kernel, padding, stride and dilation", async () => {
    expect(await failures(convolutions())).toEqual([]);
  });

  it("for depthwise and separable convolutions", async () => {
    expect(await failures(depthwiseConvolutions())).toEqual([]);
  });

  it("for poolings, whose padding counts for nothing", async () => {
    expect(await failures(poolings())).toEqual([]);
  });

  it("for every activation, on images and on vectors", async () => {
    expect(await failures(activations())).toEqual([]);
  });

  it("for batch normalisation, whether folded or not", async () => {
    expect(await failures(normalizations())).toEqual([]);
  });

  it("for changes of shape, padding and scale", async () => {
    expect(await failures(shapes())).toEqual([]);
  });

  it("for layers on rows", async () => {
    expect(await failures(onRows())).toEqual([]);
  });

  it("for volumes and transposed convolutions", async () => {
    expect(await failures(volumesAndTransposed())).toEqual([]);
  });

  it("for layer normalisation, cropping, enlarging, permuting and repeating", async () => {
    expect(await failures(otherLayers())).toEqual([]);
  });

  it("for images whose channels come first in tfjs", async () => {
    expect(await failures(channelsFirst())).toEqual([]);
  });

  it("for dot products and merges of unequal ranks", async () => {
    expect(await failures(products())).toEqual([]);
  });

  it("for branches, merges, shared layers and models inside models", async () => {
    expect(await failures(functionalModels())).toEqual([]);
  });

  it("for forty random graphs", async () => {
    expect(await failures(Array.from({ length: 40 }, (_, seed) => randomGraph(seed)))).toEqual([]);
  });

  it("for the network that mien trains", async () => {
    expect(await failures([MIEN_NET, EXCITED_NET])).toEqual([]);
  });

  it("in every operator set from 13 to 21", async () => {
    const changing = [...otherLayers(), ...products(), ...volumesAndTransposed()].filter(
      ({ name }) =>
        /^(layer norm|dot|upsampling|cropping|permute 312|transposed conv 3 )/.test(name),
    );
    for (let opset = 13; opset <= 21; opset++) {
      expect(await failures([MIEN_NET, ...changing], { opset })).toEqual([]);
    }
    const model = await throughDisk(MIEN_NET.build(tf));
    expect(() => convertLayersModel(model, { opset: 22 })).toThrow(/from 13 to 21, found 22/);
  });
});

describe.skipIf(withoutPython("onnx", "onnxruntime", "safetensors"))("in Python", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "mien-zoo-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it("every file passes onnx.checker and strict shape inference, and answers as tfjs does", async () => {
    const titles = new Map<string, string>();
    for (const [i, { name, onnx, inputs, expected }] of all.entries()) {
      titles.set(String(i), name);
      const tensors = Object.fromEntries([
        ...Object.entries(inputs).map(([key, tensor]) => [`input ${key}`, tensor] as const),
        ...Object.entries(expected).map(([key, tensor]) => [`output ${key}`, tensor] as const),
      ]);
      await writeFile(path.join(folder, `${i}.onnx`), onnx);
      const parts = encodeTensors({ tensors, metadata: {} });
      await writeFile(path.join(folder, `${i}.safetensors`), Buffer.concat(parts));
    }
    const script = await readFile(
      path.resolve(import.meta.dirname, "../python/check_onnx.py"),
      "utf8",
    );
    const results = runPython(script, { args: [folder] }) as Record<string, number | string>;
    const wrong = Object.entries(results)
      .filter(([, result]) => typeof result === "string" || result > TOLERANCE)
      .map(([i, result]) => `${titles.get(i) ?? i}: ${result}`);
    expect(wrong).toEqual([]);
    expect(Object.keys(results)).toHaveLength(all.length);
    expect(all.length).toBeGreaterThan(300);
  });
});
