import { once } from "node:events";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { findChromium } from "@mien/bench";
import { decodeModelMetadata, readOnnxMetadata } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { chromium as playwright } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { exportTests } from "../testing/run-folder.ts";

const MODEL = "artifacts/models/tiny.onnx";

const { at, run, readJson } = exportTests("forms");
beforeAll(async () => {
  await run("onnx", "tiny");
});

describe("export:onnx --precision", () => {
  it("writes a smaller file beside the first one, and verify finds it", async () => {
    const half = await run("onnx", "tiny", "--precision", "fp16");
    expect(half.err).toBe("");
    expect(half.out).toContain("wrote artifacts/models/tiny.fp16.onnx");
    expect(half.out).toContain("export:verify tiny --model artifacts/models/tiny.fp16.onnx");
    const bytes = await run(
      "onnx",
      "tiny",
      "--precision",
      "int8",
      "--opset",
      "20",
      "--json",
      "o.json",
    );
    expect(bytes.code).toBe(0);
    expect(await readJson("o.json")).toMatchObject({ precision: "int8", opset: 20, images: 5 });
    const file = await readFile(at("artifacts/models/tiny.int8.onnx"));
    expect(readOnnxMetadata(file, "m")["mien.precision"]).toBe("int8");
    const { out } = await run("verify", "tiny");
    expect(out).toMatch(/fp16 with tfjs, validation +60 +\S+/);
    expect(out).toMatch(/onnxruntime, int8 +\S+ kB +\d+ +\S+ % +\d/);
    expect((await run("onnx", "tiny", "--precision", "int8", "--opset", "20")).out).toContain(
      "up to date",
    );
    await Promise.all(["fp16", "int8"].map((name) => rm(at(`artifacts/models/tiny.${name}.onnx`))));
  });

  it("refuses an operator set without 8-bit kernels", async () => {
    const { code, err } = await run("onnx", "tiny", "--precision", "int8", "--opset", "21");
    expect(code).toBe(2);
    expect(err).toContain("int8 needs opset 20 or older");
  });
});

describe("export:onnx --for web", () => {
  const chromium = findChromium();
  it.skipIf(chromium === undefined && process.env["CI"] === undefined)(
    "writes a folder whose page gives the probabilities of the model in Chromium",
    async () => {
      const { out, code } = await run("onnx", "tiny", "--for", "web");
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
        // The image has the size of the model's input, so that both engines get the same pixels.
        const pixels = Uint8Array.from({ length: 24 * 24 }, (_, i) => (i * 37) % 256);
        const bmp = greyBitmap(pixels, 24);
        await page.setInputFiles("input", { name: "a.bmp", mimeType: "image/bmp", buffer: bmp });
        await page.waitForSelector("meter");
        // As text, since this package is compiled without the types of a browser.
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

  it("is exported and verified with its temperature in the graph and its calibration in the metadata", async () => {
    await cp(at("artifacts/runs/tiny"), at("warm"), { recursive: true });
    await writeFile(at("warm/calibration.json"), JSON.stringify(calibration));
    expect((await run("onnx", "warm", "--out", "warm-models")).err).toBe("");
    const bytes = await readFile(at("warm-models/warm.onnx"));
    expect(decodeModelMetadata(readOnnxMetadata(bytes, "m"), "m").calibration).toEqual(calibration);
    const warm = await run("verify", "warm", "--model", "warm-models/warm.onnx");
    expect(warm.err).toBe("");
    expect(warm.out).toMatch(/fp32 with tfjs, validation +60 +\S+ +100\.00 %/);
    // Without the calibration, the file does not belong to the run.
    expect((await run("verify", "tiny", "--model", "warm-models/warm.onnx")).code).toBe(1);
  });

  it("is exported again after its temperature changes, and refused without a valid one", async () => {
    const next = JSON.stringify({ ...calibration, temperature: 0.8 });
    await writeFile(at("warm/calibration.json"), next);
    expect((await run("onnx", "warm", "--out", "warm-models")).out).toContain(
      "wrote warm-models/warm.onnx",
    );
    await writeFile(at("warm/calibration.json"), '{"temperature":"hot"}');
    const { code, err } = await run("onnx", "warm", "--out", "warm-models");
    expect(code).toBe(1);
    expect(err).toContain(
      '"temperature" in warm/calibration.json must be a number above 0, found "hot"',
    );
  });
});
