import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { random, type RawImage } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { isLong, runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { exportTests } from "../testing/run-folder.ts";

const HUB = "artifacts/models/tiny-hub";
const MODELS = ["onnx/model.onnx", "onnx/model_quantized.onnx"];
const FILES = ["LICENSE.md", "README.md", "config.json", ...MODELS, "preprocessor_config.json"];
const RELEASE = path.resolve(import.meta.dirname, "../../../../artifacts/release");

/** Reads the front matter of a file as YAML. */
const FRONT_MATTER = `
import json, sys, yaml
print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding="utf-8").read().split("---")[1])))
`;

/** Checks a model, and runs it as preprocessor_config.json says, without any code of mien. */
const PREDICT = `
import os
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import base64, json, sys
import numpy as np, onnx, onnxruntime
folder, model = sys.argv[1:3]
onnx.checker.check_model(onnx.load(f"{folder}/{model}"), full_check=True)
settings = json.load(open(f"{folder}/preprocessor_config.json"))
session = onnxruntime.InferenceSession(f"{folder}/{model}")
answers = []
for width, height, data in json.load(sys.stdin):
    image = np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 3)
    values = image * settings["rescale_factor"]
    values = (values - np.array(settings["image_mean"])) / np.array(settings["image_std"])
    values = values.transpose(2, 0, 1)[None].astype(np.float32)
    (logits,) = session.run(["logits"], {"pixel_values": values})
    powers = np.exp(logits[0].astype(np.float64))
    answers.append((powers / powers.sum()).tolist())
print(json.dumps(answers))
`;

const { at, run, readJson } = exportTests("hub");

function noise(seed: number, width: number, height: number): RawImage {
  const stream = random(seed, "image");
  const data = Uint8Array.from({ length: 3 * width * height }, () => stream.integer(256));
  return { width, height, channels: 3, data };
}

describe("export:onnx --for hub", () => {
  it("writes a folder with both models, their configuration and the card", async () => {
    const { code, err, out } = await run("onnx", "tiny", "--for", "hub", "--json", "hub.json");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain(`wrote ${HUB}`);
    expect(out).toContain(`next  npx nx run export:verify-hub ${HUB}`);
    expect(await readJson("hub.json")).toMatchObject({ run: "artifacts/runs/tiny", hub: HUB });
    const found = await readdir(at(HUB), { recursive: true });
    expect(found.filter((name) => name !== "onnx").sort()).toEqual(FILES);
    expect(await readJson(`${HUB}/config.json`)).toMatchObject({
      model_type: "resnet",
      architectures: ["ResNetForImageClassification"],
      id2label: { "0": "Angry", "6": "Neutral" },
      label2id: { Angry: 0, Neutral: 6 },
    });
    expect(await readJson(`${HUB}/preprocessor_config.json`)).toMatchObject({
      image_processor_type: "ViTImageProcessor",
      do_resize: false,
      rescale_factor: 1 / 255,
      image_std: [0.5, 0.5, 0.5],
    });
  });

  it.skipIf(withoutPython("onnx", "onnxruntime", "numpy"))(
    "gives the probabilities of the exported models in Python, for images of any size",
    async () => {
      const images = [noise(1, 24, 24), noise(2, 24, 24), noise(3, 40, 31), noise(4, 17, 24)];
      const input = images.map(({ width, height, data }) => [
        ...[width, height, Buffer.from(data).toString("base64")],
      ]);
      for (const [model, original] of [
        ["onnx/model.onnx", "artifacts/models/tiny.onnx"],
        ["onnx/model_quantized.onnx", "artifacts/models/tiny.int8.onnx"],
      ] as const) {
        const answers = runPython(PREDICT, { args: [at(HUB), model], input }) as number[][];
        const classifier = await ExpressionClassifier.open(at(original));
        const expected = await classifier.classify(images);
        await classifier.close();
        const differences = answers.map((answer, i) =>
          Math.max(...answer.map((p, j) => Math.abs(p - (expected[i]?.probabilities[j] ?? NaN)))),
        );
        // A rounding of the scaled image may change a quantisation step in 8 bits.
        expect(Math.max(...differences)).toBeLessThan(model.includes("quantized") ? 0.01 : 1e-5);
      }
    },
  );

  it("is opened by mien, which gives the same probabilities", async () => {
    const image = noise(5, 33, 50);
    const classify = async (source: string) => {
      const classifier = await ExpressionClassifier.open(at(source));
      return classifier.classify(image).finally(() => classifier.close());
    };
    const expected = await classify("artifacts/models/tiny.onnx");
    const { probabilities } = await classify(HUB);
    expected.probabilities.forEach((p, i) => expect(probabilities[i]).toBeCloseTo(p, 5));
  });

  it("skips an up-to-date folder, and replaces its own one", async () => {
    expect((await run("onnx", "tiny", "--for", "hub")).out).toContain(`${HUB} is up to date`);
    const before = await readFile(at(HUB, "onnx/model.onnx"));
    expect((await run("onnx", "tiny", "--for", "hub", "--fresh")).out).toContain(`wrote ${HUB}`);
    expect((await readFile(at(HUB, "onnx/model.onnx"))).equals(before)).toBe(true);
    expect((await readdir(at("artifacts/models"))).filter((name) => name.includes("hub"))).toEqual([
      "tiny-hub",
      "tiny-hub.made-from.json",
    ]);
  });

  it("keeps a folder that holds a changed file, another file, or no file of its own", async () => {
    const readme = at(HUB, "README.md");
    const content = await readFile(readme);
    await writeFile(readme, "my own words");
    const changed = await run("onnx", "tiny", "--for", "hub", "--fresh");
    expect(changed.code).toBe(1);
    expect(changed.err).toContain(
      `${HUB} holds README.md, which was changed after export:onnx wrote it`,
    );
    expect(await readFile(readme, "utf8")).toBe("my own words");
    await writeFile(readme, content);
    await writeFile(at(HUB, "notes.txt"), "");
    expect((await run("onnx", "tiny", "--for", "hub", "--fresh")).err).toContain(
      "holds notes.txt, which export:onnx did not write",
    );
    await rm(at(HUB, "notes.txt"));
    await mkdir(at("mine/tiny-hub/photos"), { recursive: true });
    await writeFile(at("mine/tiny-hub/photos/a.jpg"), "");
    const { code, err } = await run("onnx", "tiny", "--for", "hub", "--out", "mine");
    expect(code).toBe(1);
    expect(err).toContain("holds photos/a.jpg, which export:onnx did not write");
    expect(existsSync(at("mine/tiny-hub/photos/a.jpg"))).toBe(true);
    expect(await readdir(at("mine/tiny-hub"))).toEqual(["photos"]);
  });

  it("works from a released model with its card, and selects 32 bits if there are no 8 bits", async () => {
    await mkdir(at("release"));
    for (const name of ["pocket.onnx", "pocket.md", "index.json"]) {
      await cp(path.join(RELEASE, name), at("release", name));
    }
    const { code, out, err } = await run("onnx", "--for", "hub", "--model", "release/pocket.onnx");
    expect(code).toBe(0);
    expect(err).toContain("there is no release/pocket.int8.onnx, so the folder has no 8-bit model");
    expect(out).toContain("wrote artifacts/models/pocket-hub");
    expect(await readJson("artifacts/models/pocket-hub/config.json")).toMatchObject({
      "transformers.js_config": { dtype: "fp32" },
    });
    const readme = await readFile(at("artifacts/models/pocket-hub/README.md"), "utf8");
    expect(readme).toContain("What it must not be used for");
    // The other files of the release are not in this folder.
    expect(readme).not.toMatch(/\]\(\w+\.md\)/);
  });

  it.skipIf(withoutPython("yaml"))("states the card's figures in the front matter", async () => {
    const file = at("artifacts/models/pocket-hub/README.md");
    const found = runPython(FRONT_MATTER, { args: [file] }) as Record<string, unknown>;
    expect(found).toMatchObject({
      pipeline_tag: "image-classification",
      library_name: "transformers.js",
      license: "other",
      license_link: "LICENSE.md",
      datasets: ["fer2013"],
    });
    const [model] = found["model-index"] as { name: string; results: unknown[] }[];
    expect(model?.name).toBe("pocket");
    // By labels and by votes on PrivateTest and PublicTest.
    const card = await readFile(path.join(RELEASE, "pocket.md"), "utf8");
    const plain = card.matchAll(/^\| P\w+Test \| [^|]+ \| plain \| [^|]+ \| (\S+) % /gm);
    const accuracies = Array.from(plain, ([, percent]) => Math.round(Number(percent) * 100) / 1e4);
    expect(accuracies).toHaveLength(4);
    expect(model?.results).toMatchObject(
      accuracies.map((value) => ({ metrics: [{ type: "accuracy", value }, {}, {}] })),
    );
  });

  it.each([
    [["--for", "hub", "--precision", "fp16"], "--for hub writes 32 and 8 bits"],
    [["--model", "release/pocket.onnx"], "only with --for hub"],
    [["tiny", "--for", "hub", "--model", "release/pocket.onnx"], "either RUN or --model"],
    [["--for", "hub", "--model", `${HUB}/onnx/model.onnx`], "in Hugging Face's layout already"],
    [["--for", "hub", "--model", "artifacts/models/tiny.int8.onnx"], "expected a model in fp32"],
  ])("refuses %j", async (flags, message) => {
    const { code, err } = await run("onnx", ...flags);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe("export:verify-hub", () => {
  it("refuses a folder of another kind, and one whose origin is not known", async () => {
    const none = await run("verify-hub", "artifacts/models");
    expect(none.code).toBe(1);
    expect(none.err).toContain("is no folder in Hugging Face's layout");
    await cp(at(HUB), at("copied-hub"), { recursive: true });
    const copied = await run("verify-hub", "copied-hub");
    expect(copied.code).toBe(1);
    expect(copied.err).toContain("copied-hub.made-from.json does not say what it was made from");
    expect(copied.err).toContain("--model FILE");
    const gone = await run("verify-hub", "copied-hub", "--model", "gone.onnx");
    expect(gone.err).toContain("gone.onnx, from which");
  });

  // Installs transformers.js and Python packages.
  it.runIf(isLong)(
    "gets the same answers from transformers.js and Python, and notices another model",
    async () => {
      const flags = ["--csv", "faces.csv", "--crops", path.join(RELEASE, "../../docs/images")];
      const { code, err, out } = await run("verify-hub", HUB, ...flags, "--count", "5");
      expect(err).not.toContain("mismatch");
      expect(code).toBe(0);
      expect(out).toMatch(/transformers\.js \S+ +q8 +PublicTest +60 +100\.00 %/);
      const other = ["--model", path.join(RELEASE, "pocket.onnx")];
      expect((await run("verify-hub", HUB, ...flags, ...other)).code).toBe(1);
    },
    600_000,
  );
});
