import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveConfig } from "../config.ts";
import { buildLayersModel, saveLayersModel, setWeights } from "./layers-model.ts";
import { download, scope, upload } from "../tensor/native.ts";
import { createNetwork } from "./network.ts";
import { standardise } from "./standardise.ts";
import { expectClose } from "../testing/gradients.ts";
import { tf } from "../tensor/tf.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-layers-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the saved model", () => {
  it.each([
    ["with the default settings", {}],
    ["with kernels of 2 and maximum pooling", { kernelSize: 2, pooling: "max" }],
    ["with squeeze-and-excitation and anti-aliased pooling", { squeezeExcite: 2, pooling: "blur" }],
  ] as const)(
    "is loaded by pure tfjs, takes pixels 0–255 and gives the probabilities of the network %s",
    async (_, more) => {
      const config = resolveConfig({ widths: [4, 4, 4, 4], denseUnits: 8, ...more });
      const input = { height: 16, width: 16, channels: 1 };
      const standardisation = { mean: 120, deviation: 60 };
      const network = createNetwork(config, { input, outputs: 3 }, 1);
      const pixels = Float32Array.from({ length: 5 * 256 }, (_, i) => (i * 37) % 256);
      const expected = scope(() => {
        const images = upload(pixels.slice(), [5, 16, 16, 1]);
        const logits = download(network.forward(standardise(images, standardisation)));
        return tf.tidy(() => tf.softmax(tf.tensor2d(logits, [5, 3])).dataSync<"float32">());
      });
      const { batchNormMomentum } = config;
      const model = buildLayersModel(network.stages, { input, standardisation, batchNormMomentum });
      setWeights(model, network.state());
      await saveLayersModel(model, path.join(folder, "model"));
      expect((await readdir(path.join(folder, "model"))).sort()).toEqual([
        "model.json",
        "weights.bin",
      ]);

      // Without tfjs-node: the JavaScript backend, in a separate process.
      const script = `
      const fs = require("node:fs"), tf = require("@tensorflow/tfjs");
      const { modelTopology, weightsManifest } = JSON.parse(fs.readFileSync(process.argv[1] + "/model.json"));
      const weightData = new Uint8Array(fs.readFileSync(process.argv[1] + "/weights.bin")).buffer;
      const pixels = Float32Array.from({ length: 5 * 256 }, (_, i) => (i * 37) % 256);
      tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }))
        .then((model) => console.log(tf.getBackend() + JSON.stringify([...model.predict(tf.tensor4d(pixels, [5, 16, 16, 1])).dataSync()])));`;
      const argv = ["-e", script, path.join(folder, "model")];
      const { stdout, stderr } = spawnSync(process.execPath, argv, {
        encoding: "utf8",
        cwd: import.meta.dirname,
      });
      const line = stdout.split("\n").find((one) => one.startsWith("cpu["));
      expect(line, stderr).toBeDefined();
      const found = JSON.parse(line!.slice("cpu".length)) as number[];
      expectClose(Float32Array.from(found), expected, 1e-5);
      model.dispose();
      network.dispose();
    },
  );
});
