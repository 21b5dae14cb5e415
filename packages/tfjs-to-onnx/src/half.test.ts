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
import { compare, type TestModel } from "./testing/test-models.ts";

/**
 * Largest allowed max |a − b| / max |b| of an output. float16 has 11 bits; sums of several layers
 * lose some of them.
 */
const TOLERANCE = 0.02;

let tf: Tf;
let folder: string;
beforeAll(async () => {
  tf = loadTf();
  folder = await mkdtemp(path.join(tmpdir(), "mien-half-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a model in 16-bit floats", () => {
  it.skipIf(withoutPython("onnx", "onnxruntime", "safetensors"))(
    "passes onnx.checker and strict shape inference, and answers nearly as tfjs does, for every layer",
    async () => {
      const models: TestModel[] = [
        ...[...everyThird(convolutions()), ...everyThird(depthwiseConvolutions())],
        ...[...everyThird(poolings()), ...activations(), ...everyThird(normalizations())],
        ...[...shapes(), ...onRows(), ...everyThird(volumesAndTransposed()), ...otherLayers()],
        ...[...everyThird(channelsFirst()), ...products(), ...functionalModels()],
        ...Array.from({ length: 6 }, (_, seed) => randomGraph(seed)),
        ...[MIEN_NET, EXCITED_NET],
      ];
      const titles = new Map<string, string>();
      const wrong: string[] = [];
      for (const [i, model] of models.entries()) {
        try {
          const { name, onnx, inputs, expected, difference } = await compare(tf, model, {
            precision: "fp16",
          });
          if (!(difference <= TOLERANCE)) wrong.push(`${name}: ${difference}`);
          titles.set(String(i), name);
          const tensors = Object.fromEntries([
            ...Object.entries(inputs).map(([key, tensor]) => [`input ${key}`, tensor] as const),
            ...Object.entries(expected).map(([key, tensor]) => [`output ${key}`, tensor] as const),
          ]);
          await writeFile(path.join(folder, `${i}.onnx`), onnx);
          const parts = encodeTensors({ tensors, metadata: {} });
          await writeFile(path.join(folder, `${i}.safetensors`), Buffer.concat(parts));
        } catch (error) {
          wrong.push(`${model.name}: ${String(error)}`);
        }
      }
      expect(wrong).toEqual([]);
      const script = path.resolve(import.meta.dirname, "../python/check_onnx.py");
      const results = runPython(await readFile(script, "utf8"), { args: [folder] }) as Record<
        string,
        number | string
      >;
      const different = Object.entries(results)
        .filter(([, result]) => typeof result === "string" || result > TOLERANCE)
        .map(([i, result]) => `${titles.get(i) ?? i}: ${result}`);
      expect(different).toEqual([]);
      expect(Object.keys(results)).toHaveLength(models.length);
    },
  );
});

/** Fewer models, still of every kind. */
function everyThird(models: readonly TestModel[]): TestModel[] {
  return models.filter((_, i) => i % 3 === 0);
}
