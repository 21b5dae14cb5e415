import { once } from "node:events";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { decodeModelMetadata, readOnnxMetadata } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { chromium as playwright } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convertLayersModel } from "../convert/convert.ts";
import { readLayersModel } from "../convert/layers-model.ts";
import type { Weight } from "../convert/weight-files.ts";
import { layWorkspace, runCommand } from "../testing/run-folder.ts";
import { findChromium } from "../web/chromium.ts";

/** Makes a process end with 9 if it has loaded tfjs. */
const WITHOUT_TFJS =
  'import { createRequire } from "node:module";' +
  'const { cache } = createRequire("file:///");' +
  'process.on("exit", () => {' +
  'if (Object.keys(cache).some((file) => file.includes("tfjs"))) process.exitCode = 9; });';

const MODEL = "artifacts/models/tiny.onnx";

let folder: string;
const at = (...parts: string[]) => path.join(folder, ...parts);
const run = (...argv: string[]) => runCommand(folder, argv);
const readJson = async (file: string) =>
  JSON.parse(await readFile(at(file), "utf8")) as Record<string, unknown>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien export-"));
  await layWorkspace(folder, "tiny");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("export:onnx", () => {
  it("writes one file that describes itself, without loading tfjs", async () => {
    const probe = ["--import", `data:text/javascript,${encodeURIComponent(WITHOUT_TFJS)}`];
    const { code, out, err } = runCommand(folder, ["onnx", "--json", "onnx.json"], probe);
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain(`wrote ${MODEL}`);
    expect(out).toContain("next  npx nx run export:verify tiny");
    const bytes = await readFile(at(MODEL));
    expect(await readJson("onnx.json")).toMatchObject({
      run: "artifacts/runs/tiny",
      model: MODEL,
      bytes: bytes.length,
      images: 5,
    });
    const metadata = decodeModelMetadata(readOnnxMetadata(bytes, MODEL), MODEL);
    expect(metadata).toMatchObject({
      labels: ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"],
      input: { height: 24, width: 24, channels: 1 },
      training: { run: "tiny", split: "official", seed: 3, config: { epochs: 1 } },
      metrics: { validation: { accuracy: 0.5 } },
    });
    const training = metadata.training as { data: { sha256: string } };
    expect(training.data.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await readdir(at("artifacts/models"))).toEqual(["tiny.made-from.json", "tiny.onnx"]);
  });

  it("does nothing the second time, and everything again with --fresh", async () => {
    const bytes = await readFile(at(MODEL));
    const { mtimeMs } = await stat(at(MODEL));
    const again = run("onnx", "tiny");
    expect(again.out).toContain(`${MODEL} is up to date`);
    expect((await stat(at(MODEL))).mtimeMs).toBe(mtimeMs);
    expect(run("onnx", "tiny", "--fresh").code).toBe(0);
    expect((await stat(at(MODEL))).mtimeMs).toBeGreaterThan(mtimeMs);
    expect((await readFile(at(MODEL))).equals(bytes)).toBe(true);
  });

  it("warns and keeps the file when only the code has changed", async () => {
    const record = await readJson("artifacts/models/tiny.made-from.json");
    await writeFile(
      at("artifacts/models/tiny.made-from.json"),
      JSON.stringify({ ...record, code: "another" }),
    );
    const { code, err, out } = run("onnx");
    expect(code).toBe(0);
    expect(err).toContain("code has changed since; add --fresh");
    expect(out).not.toContain("wrote");
  });

  it("exports again when the run has changed", async () => {
    const metrics = at("artifacts/runs/tiny/metrics.json");
    await writeFile(metrics, JSON.stringify({ validation: { accuracy: 0.25 } }));
    expect(run("onnx").out).toContain(`wrote ${MODEL}`);
    const { metrics: found } = decodeModelMetadata(
      readOnnxMetadata(await readFile(at(MODEL)), MODEL),
      MODEL,
    );
    expect(found).toEqual({ validation: { accuracy: 0.25 } });
  });

  it("exports a run from anywhere to anywhere, and says how to verify it there", async () => {
    await cp(at("artifacts/runs/tiny"), at("elsewhere/run"), { recursive: true });
    const { out } = run("onnx", "elsewhere/run", "--out", "models");
    expect(out).toContain("next  npx nx run export:verify elsewhere/run --model models/run.onnx");
    const verified = run("verify", "elsewhere/run", "--model", "models/run.onnx");
    expect(verified.code).toBe(0);
    expect(verified.out).toContain("export:benchmark elsewhere/run --model models/run.onnx");
  });

  it("leaves no file if the answers are not those of the reference", async () => {
    await cp(at("artifacts/runs/tiny"), at("wrong"), { recursive: true });
    const reference = await readFile(at("wrong/reference.bin"));
    // The last four bytes are the last probability.
    reference.writeFloatLE(0.75, reference.length - 4);
    await writeFile(at("wrong/reference.bin"), reference);
    const { code, err, out } = run("onnx", "wrong", "--out", "nowhere");
    expect(code).toBe(1);
    expect(err).toMatch(/1 of 5 images differ\n {2}image 4: \w+ 0\.75 became 0\.\d+ \(difference/);
    expect(out).not.toContain("wrote");
    expect(existsSync(at("nowhere"))).toBe(false);
  });

  it("refuses a run whose training is not finished, and a missing one", async () => {
    await cp(at("artifacts/runs/tiny"), at("unfinished"), { recursive: true });
    await rm(at("unfinished/metrics.json"));
    const { code, err } = run("onnx", "unfinished");
    expect(code).toBe(1);
    expect(err).toContain("unfinished is not finished");
    expect(run("onnx", "nobody").err).toContain("no training run at nobody");
  });
});

describe("export:onnx --precision", () => {
  it("writes a smaller file beside the first, which verify finds and shows", async () => {
    const half = run("onnx", "tiny", "--precision", "fp16");
    expect(half.err).toBe("");
    expect(half.out).toContain("wrote artifacts/models/tiny.fp16.onnx");
    expect(half.out).toContain("export:verify tiny --model artifacts/models/tiny.fp16.onnx");
    const bytes = run("onnx", "tiny", "--precision", "int8", "--opset", "20", "--json", "o.json");
    expect(bytes.code).toBe(0);
    expect(await readJson("o.json")).toMatchObject({ precision: "int8", opset: 20, images: 5 });
    const file = await readFile(at("artifacts/models/tiny.int8.onnx"));
    expect(readOnnxMetadata(file, "m")["mien.precision"]).toBe("int8");
    const { out } = run("verify", "tiny");
    expect(out).toMatch(/fp16 with tfjs, validation +60 +\S+/);
    expect(out).toMatch(/onnxruntime, int8 +\S+ kB +\d+ +\S+ % +\d/);
    expect(run("onnx", "tiny", "--precision", "int8", "--opset", "20").out).toContain("up to date");
    await Promise.all(["fp16", "int8"].map((name) => rm(at(`artifacts/models/tiny.${name}.onnx`))));
  });

  it("refuses an operator set that 8-bit kernels do not take", () => {
    const { code, err } = run("onnx", "tiny", "--precision", "int8", "--opset", "21");
    expect(code).toBe(2);
    expect(err).toContain("int8 needs opset 20 or older");
  });
});

describe("export:onnx --for web", () => {
  const chromium = findChromium();
  it.skipIf(chromium === undefined && process.env["CI"] === undefined)(
    "writes a folder whose page reads a picture in Chromium as the model does",
    async () => {
      const { out, code } = run("onnx", "tiny", "--for", "web");
      expect(code).toBe(0);
      expect(out).toContain("wrote artifacts/models/tiny-web");
      const folder = at("artifacts/models/tiny-web");
      expect(
        (await readFile(path.join(folder, "index.html"), "utf8")).split("<script")[1],
      ).toBeDefined();
      const types = { html: "text/html", mjs: "text/javascript", wasm: "application/wasm" };
      const server = createServer((request, response) => {
        const name = path.basename(request.url ?? "/") || "index.html";
        const type = types[name.split(".").at(-1) as keyof typeof types];
        if (type) response.setHeader("content-type", type);
        readFile(path.join(folder, name)).then(
          (content) => response.end(content),
          () => response.writeHead(404).end(),
        );
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const browser = await playwright.launch({
        executablePath: chromium as string,
        args: ["--no-sandbox"],
      });
      try {
        const page = await browser.newPage();
        const errors: string[] = [];
        page.on("pageerror", (error) => errors.push(error.message));
        await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
        // As large as the model's input, so that both see the same pixels.
        const pixels = Uint8Array.from({ length: 24 * 24 }, (_, i) => (i * 37) % 256);
        const bmp = greyBitmap(pixels, 24);
        await page.setInputFiles("input", { name: "a.bmp", mimeType: "image/bmp", buffer: bmp });
        await page.waitForSelector("meter");
        // Text, since this package's types know no browser.
        const html = await page.innerHTML("[role=list]");
        const lines = [...html.matchAll(/<meter value="([^"]+)"><\/meter> (\w+)/g)];
        const found = lines.map(([, value, label]) => ({ value: Number(value), label }));
        const classifier = await ExpressionClassifier.open(at(MODEL));
        const expected = await classifier.run(Float32Array.from(pixels), 1);
        await classifier.close();
        expect(errors).toEqual([]);
        expect(found.map(({ label }) => label)).toEqual(classifier.labels);
        found.forEach(({ value }, i) => expect(value).toBeCloseTo(expected[i] as number, 4));
      } finally {
        await browser.close();
        server.close();
      }
    },
  );
});

/** A square grey image as a 24-bit Windows bitmap. */
function greyBitmap(pixels: Uint8Array, side: number): Buffer {
  const bmp = Buffer.alloc(54 + 3 * side * side);
  bmp.write("BM");
  bmp.writeUInt32LE(bmp.length, 2);
  bmp.writeUInt32LE(54, 10);
  bmp.writeUInt32LE(40, 14);
  bmp.writeInt32LE(side, 18);
  bmp.writeInt32LE(-side, 22); // from the top
  bmp.writeUInt16LE(1, 26);
  bmp.writeUInt16LE(24, 28);
  pixels.forEach((value, i) => bmp.fill(value, 54 + 3 * i, 57 + 3 * i));
  return bmp;
}

describe("a calibrated run", () => {
  const calibration = {
    method: "temperature",
    temperature: 1.7,
    fittedOn: "validation",
    ece: { before: 0.1, after: 0.02 },
  };

  it("has its temperature in the graph and its calibration in the metadata, and is verified so", async () => {
    await cp(at("artifacts/runs/tiny"), at("warm"), { recursive: true });
    await writeFile(at("warm/calibration.json"), JSON.stringify(calibration));
    expect(run("onnx", "warm", "--out", "warm-models").err).toBe("");
    const bytes = await readFile(at("warm-models/warm.onnx"));
    expect(decodeModelMetadata(readOnnxMetadata(bytes, "m"), "m").calibration).toEqual(calibration);
    const warm = run("verify", "warm", "--model", "warm-models/warm.onnx");
    expect(warm.err).toBe("");
    expect(warm.out).toMatch(/fp32 with tfjs, validation +60 +\S+ +100\.00 %/);
    // The same file is not that of the run without calibration.
    expect(run("verify", "tiny", "--model", "warm-models/warm.onnx").code).toBe(1);
  });

  it("is exported again when its temperature changes, and refused where it has none", async () => {
    const next = JSON.stringify({ ...calibration, temperature: 0.8 });
    await writeFile(at("warm/calibration.json"), next);
    expect(run("onnx", "warm", "--out", "warm-models").out).toContain(
      "wrote warm-models/warm.onnx",
    );
    await writeFile(at("warm/calibration.json"), '{"temperature":"hot"}');
    const { code, err } = run("onnx", "warm", "--out", "warm-models");
    expect(code).toBe(1);
    expect(err).toContain(
      '"temperature" in warm/calibration.json must be a number above 0, found "hot"',
    );
  });
});

describe("export:verify", () => {
  it("finds the same answers and accuracy on every validation image of the run's data set", async () => {
    const { code, out, err } = run("verify", "tiny", "--json", "verify.json");
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toMatch(/fp32 with tfjs, validation +60 +\S+ +100\.00 %/);
    const result = await readJson("verify.json");
    expect(result).toMatchObject({
      agreement: 1,
      reference: { images: 5 },
      validation: { images: 60, agreement: 1 },
    });
    expect(result["maxDifference"]).toBeLessThan(1e-5);
    expect(result["maxDifference"]).toBeGreaterThan(0);
    const { correct } = result["validation"] as { correct: { tfjs: number; onnx: number } };
    expect(correct.onnx).toBe(correct.tfjs);
  });

  it("fails and names the rows where another model parts from the trained one", async () => {
    const trained = await readLayersModel(at("artifacts/runs/tiny/model"));
    const metadata = readOnnxMetadata(await readFile(at(MODEL)), MODEL);
    const options = { metadata, outputName: "probabilities", temperature: 2 };
    await writeFile(at("soft.onnx"), convertLayersModel(trained, options));
    const { code, err, out } = run("verify", "--csv", "faces.csv", "--model", "soft.onnx");
    expect(code).toBe(1);
    expect(err).toContain("tfjs and soft.onnx part on the reference images: 5 of 5 images differ");
    expect(err).toMatch(/image \d: (\w+) 0\.\d+ became 0\.\d+ .*both answer/);
    expect(out).toMatch(/fp32 with tfjs, validation +60/);
  });

  it("says at which layer another model parts, and compares layers on request", async () => {
    const trained = await readLayersModel(at("artifacts/runs/tiny/model"));
    const convs = Object.keys(trained.weights).filter((name) => /conv.*kernel/.test(name));
    const third = convs[2] as string;
    const { shape, data } = trained.weights[third] as Weight;
    const changed = { shape, data: data.map((value, i) => (i === 7 ? value + 1 : value)) };
    const metadata = readOnnxMetadata(await readFile(at(MODEL)), MODEL);
    const model = { ...trained, weights: { ...trained.weights, [third]: changed } };
    const options = { metadata, outputName: "probabilities" };
    await writeFile(at("bent.onnx"), convertLayersModel(model, options));
    const { code, err } = run("verify", "--csv", "faces.csv", "--model", "bent.onnx");
    expect(code).toBe(1);
    // Batch normalisation is folded into the convolution before it, whose name it leaves.
    expect(err).toMatch(/they part first at the layer batch_norm\S+; up to \S+ they agree/);
    const [, parts = "", agrees = ""] = /layer (\S+); up to (\S+) they/.exec(err) ?? [];
    const order = (
      trained.topology as { config: { layers: { config: { name: string } }[] } }
    ).config.layers.map((layer) => layer.config.name);
    const at3 = order.indexOf(third.split("/")[0] as string);
    expect(order.indexOf(parts)).toBe(at3 + 1);
    expect(order.indexOf(agrees)).toBeLessThan(at3);
    const { out } = run("verify", "tiny", "--layers", "--csv", "faces.csv");
    expect(out).toContain("layer, fp32");
    expect(out).not.toContain("parts");
  });

  it("refuses another data set than the run's", async () => {
    const csv = await readFile(at("faces.csv"), "utf8");
    await writeFile(at("other.csv"), csv.replace(/^1,/m, "2,"));
    await cp(at("faces.manifest.json"), at("other.manifest.json"));
    const { code, err } = run("verify", "--csv", "other.csv");
    expect(code).toBe(1);
    expect(err).toMatch(/was trained on noise with SHA-256 \w{12}…, \S*other\.csv has \w{12}…/);
  });

  it("says how to export when there is no file", () => {
    const { code, err } = run("verify", "--model", "nothing.onnx", "--csv", "faces.csv");
    expect(code).toBe(1);
    expect(err).toContain("no exported model at nothing.onnx");
    expect(err).toContain("npx nx run export:onnx tiny");
  });
});

describe("export:benchmark", () => {
  it("times three engines at three batch sizes and draws them", async () => {
    const { code, out } = run("benchmark", "--seconds", "0.2", "--json", "benchmark.json");
    expect(code).toBe(0);
    expect(out).toMatch(/wrote \S+tiny\.benchmark\.png/);
    const { rows, speedup } = await readJson("benchmark.json");
    expect(rows).toHaveLength(9);
    for (const row of rows as Record<string, number>[]) {
      expect(row["calls"]).toBeGreaterThan(1);
      expect(row["p99"]).toBeGreaterThanOrEqual(row["median"] as number);
      expect(row["perFace"]).toBeCloseTo((row["median"] as number) / (row["batch"] as number), 9);
    }
    expect(speedup).toBeGreaterThan(0);
    const png = await readFile(at("artifacts/models/tiny.benchmark.png"));
    expect(png.subarray(1, 4).toString()).toBe("PNG");
  });

  it("takes no time that is not positive", () => {
    const { code, err } = run("benchmark", "--seconds", "0");
    expect(code).toBe(2);
    expect(err).toContain("--seconds must be a number from 0.1");
  });
});
