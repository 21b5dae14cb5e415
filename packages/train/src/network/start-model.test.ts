import path from "node:path";
import { synthesize } from "@mien/data";
import { imagesAt } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../config.ts";
import { readStartNetwork, readStartWeights } from "../run/start-weights.ts";
import { download, scope, upload } from "../tensor/native.ts";
import { createNetwork } from "./network.ts";
import { standardise } from "./standardise.ts";
import { startFromModel } from "./start-model.ts";

/** The released models of different networks; the answers of both are calibrated. */
const MODELS = ["pocket", "blend"].map((name) =>
  path.resolve(import.meta.dirname, `../../../../artifacts/release/${name}.onnx`),
);
const COUNT = 70;
const set = synthesize({ count: COUNT, seed: 1 });
const pixels = Float32Array.from(
  imagesAt(
    set,
    Uint32Array.from({ length: COUNT }, (_, i) => i),
  ),
);
const input = { height: 48, width: 48, channels: 1 };
const classes = 7;

/** The logarithms of the probabilities that onnxruntime computes, without temperature. */
function expected(model: string): number[] {
  const script = `
import json, sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
images = numpy.array(json.load(sys.stdin), "float32").reshape(-1, 48, 48, 1)
probabilities = session.run(None, {session.get_inputs()[0].name: images})[0]
temperature = json.loads(session.get_modelmeta().custom_metadata_map["mien.calibration"])["temperature"]
print(json.dumps((numpy.log(probabilities) * temperature).flatten().tolist()))`;
  return runPython(script, { args: [model], input: [...pixels] }) as number[];
}

describe.skipIf(withoutPython("onnxruntime"))(
  "a network that starts from an exported model",
  () => {
    it.each(MODELS)("gives the answers that onnxruntime gets from %s", async (file) => {
      const start = await readStartWeights(file);
      if (!("model" in start)) throw new Error("expected a model");
      const config = resolveConfig({
        ...(await readStartNetwork(file)).settings,
        precision: "fp32",
      });
      const wanted = expected(file);
      // Also if the pixels of its own training set have another mean and deviation.
      for (const standardisation of [
        { mean: start.model.mean, deviation: 64 },
        { mean: start.model.mean + 0.5, deviation: 80 },
      ]) {
        const network = createNetwork(config, { input, outputs: classes }, 1);
        const logits = scope(() => {
          const images = standardise(upload(pixels, [COUNT, 48, 48, 1]), standardisation);
          network.load(
            startFromModel(start.model, config, { input, classes, images, standardisation }),
          );
          return download(network.forward(images));
        });
        // Logits are determined up to a number that is the same for all classes of an image.
        for (let image = 0; image < COUNT; image++) {
          const at = image * classes;
          for (let k = 1; k < classes; k++) {
            const [difference, other] = [logits, wanted].map((all) => all[at + k]! - all[at]!);
            expect(Math.abs(difference! - other!)).toBeLessThan(
              standardisation.deviation === 64 ? 2e-3 : 0.1,
            );
          }
        }
        network.dispose();
      }
    });

    it("is refused if it has other layers", async () => {
      const start = await readStartWeights(MODELS[0]!);
      if (!("model" in start)) throw new Error("expected a model");
      const { settings } = await readStartNetwork(MODELS[0]!);
      const standardisation = { mean: 128, deviation: 64 };
      const images = scope(() => upload(pixels, [COUNT, 48, 48, 1]));
      for (const [other, message] of [
        [
          { denseUnits: 17 },
          /another network: expected dense with a kernel \[1152, 17\], found \[1152, 96\]/,
        ],
        [
          { depth: 2 },
          /another network: expected conv1_2 with a kernel \[32, 32, 3, 3\], found none/,
        ],
      ] as const) {
        const config = resolveConfig({ ...settings, ...other });
        const begin = () =>
          startFromModel(start.model, config, { input, classes, images, standardisation });
        expect(begin).toThrow(message);
      }
    });
  },
);
