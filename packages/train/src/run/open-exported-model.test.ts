import path from "node:path";
import { synthesize } from "@mien/data";
import { imagesAt } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../config.ts";
import { readExportedModel } from "./read-exported-model.ts";
import { networkSettings } from "./start-weights.ts";
import { openExportedModel } from "./open-exported-model.ts";

/** More than a batch of predictions. */
const COUNT = 300;
const set = synthesize({ count: COUNT, seed: 1 });
const positions = Uint32Array.from({ length: COUNT }, (_, i) => i);
const pixels = Float32Array.from(imagesAt(set, positions));

const script = `
import json, sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
images = numpy.array(json.load(sys.stdin), "float32").reshape(-1, 48, 48, 1)
print(json.dumps(session.run(None, {session.get_inputs()[0].name: images})[0].flatten().tolist()))`;

describe.skipIf(withoutPython("onnxruntime"))("an exported model, opened to teach", () => {
  it.each(["pocket", "blend", "deep"])("%s predicts the same as in onnxruntime", async (name) => {
    const file = path.resolve(import.meta.dirname, `../../../../artifacts/release/${name}.onnx`);
    const exported = await readExportedModel(file);
    const network = resolveConfig(networkSettings(exported.training.config, file));
    const model = openExportedModel(exported, network);
    const found = await model.predict(pixels, COUNT);
    model.dispose();
    const expected = runPython(script, { args: [file], input: [...pixels] }) as number[];
    expect(found).toHaveLength(expected.length);
    const largest = Math.max(...expected.map((p, i) => Math.abs(p - found[i]!)));
    expect(largest).toBeLessThan(1e-4);
  });
});
