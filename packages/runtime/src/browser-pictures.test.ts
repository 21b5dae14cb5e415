import { findChromium } from "@mien/bench";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPipeline, type Pipeline, type PipelineResult } from "./index.ts";
import { startBrowser, type TestBrowser, type TestPage } from "./testing/browser.ts";
import { convModel, halvesModel, spotModel } from "./testing/models.ts";
import { spots } from "./testing/pictures.ts";

/** Without Chromium the tests are skipped, except where `CI` is set. */
const cannotRun = findChromium() === undefined && process.env["CI"] === undefined;
const WASM = "/wasm/ort-wasm-simd-threaded.wasm";
const MODELS = { expression: "/grey.onnx", detector: "/spots.onnx" };

const picture = spots(416, 320, [[64, 96]]);
const png = await sharp(picture.pixels, { raw: { width: 416, height: 320, channels: 3 } })
  .png()
  .toBuffer();

/** A pipeline that a page keeps from one call of the test to the next. */
declare global {
  var held: Pipeline;
}

describe.skipIf(cannotRun)("a page", () => {
  let browser: TestBrowser | undefined;
  let test: TestPage;
  let expected: PipelineResult;
  /** The model that the server has at present. */
  let released = halvesModel();

  beforeAll(async () => {
    const pipeline = await createPipeline({
      expression: convModel(1),
      detector: spotModel(),
      stills: true,
    });
    expected = await pipeline.process(picture);
    await pipeline.close();
    browser = await startBrowser({
      "/grey.onnx": convModel(1),
      "/spots.onnx": spotModel(),
      "/picture.png": { type: "image/png", content: png },
      "/released.onnx": {
        type: "application/octet-stream",
        get content() {
          return released;
        },
      },
    });
    test = await browser.open();
  });
  afterAll(() => browser?.close());

  it("takes pictures of every form that a page has", async () => {
    const results = await test.page.evaluate(
      async ([models, wasmPath]) => {
        const pipeline = await mien.createPipeline({ ...models, wasmPath, stills: true });
        const blob = await (await fetch("/picture.png")).blob();
        const image = new Image();
        image.src = "/picture.png";
        await image.decode();
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: image.width, height: image.height });
        const context = canvas.getContext("2d")!;
        context.drawImage(image, 0, 0);
        const offscreen = new OffscreenCanvas(image.width, image.height);
        offscreen.getContext("2d")!.drawImage(image, 0, 0);
        // A canvas whose context is not 2D.
        const bitmaps = document.createElement("canvas");
        Object.assign(bitmaps, { width: image.width, height: image.height });
        bitmaps
          .getContext("bitmaprenderer")!
          .transferFromImageBitmap(await createImageBitmap(blob));
        const forms = {
          address: "/picture.png",
          URL: new URL("/picture.png", location.href),
          Blob: blob,
          bytes: new Uint8Array(await blob.arrayBuffer()),
          ImageData: context.getImageData(0, 0, canvas.width, canvas.height),
          canvas,
          OffscreenCanvas: offscreen,
          "canvas of bitmaps": bitmaps,
          image,
          ImageBitmap: await createImageBitmap(blob),
          VideoFrame: new VideoFrame(canvas, { timestamp: 40_000 }),
        };
        const results: Record<string, { timeMs: number; faces: readonly object[] }> = {};
        for (const [name, form] of Object.entries(forms)) {
          const { timeMs, faces } = await pipeline.process(form);
          results[name] = { timeMs, faces };
        }
        await pipeline.close();
        return results;
      },
      [MODELS, WASM] as const,
    );
    const [face] = expected.faces;
    for (const [form, { faces }] of Object.entries(results)) {
      expect(faces, form).toMatchObject([{ box: face!.box, expression: face!.expression }]);
    }
    expect(Object.keys(results)).toHaveLength(11);
    expect(results["VideoFrame"]!.timeMs).toBe(40);
  });

  it("gets an error for what is not loaded, closed or no picture", async () => {
    const messages = await test.page.evaluate(
      async ([models, wasmPath]) => {
        const pipeline = await mien.createPipeline({ ...models, wasmPath });
        const canvas = new OffscreenCanvas(8, 8);
        canvas.getContext("2d");
        const closed = new VideoFrame(canvas, { timestamp: 0 });
        closed.close();
        const wrong = [
          document.createElement("video"),
          new Image(),
          closed,
          new Blob(["text"]),
          "/none.png",
          document.body,
        ];
        const messages: string[] = [];
        for (const one of wrong) {
          await pipeline.process(one as never).catch((error: unknown) => {
            const { code, message, advice } = error as InstanceType<typeof mien.MienError>;
            messages.push(`${code}: ${message} ${advice ?? ""}`);
          });
        }
        await pipeline.close();
        return messages;
      },
      [MODELS, WASM] as const,
    );
    [
      /^bad-image: .* found HTMLVideoElement of 0×0 .*loadeddata/,
      /^bad-image: .* found HTMLImageElement of 0×0 .*decode/,
      /^bad-image: .* found VideoFrame of 0×0 .*not closed/,
      /^bad-image: the browser cannot decode 4 bytes/,
      /^missing-file: .*none\.png: HTTP 404/,
      /^bad-image: expected a picture, found an? HTMLBodyElement/,
    ].forEach((pattern, i) => expect(messages[i]).toMatch(pattern));
  });

  it("reads a camera by run, and draws its faces", async () => {
    const found = await test.page.evaluate(
      async ([models, wasmPath]) => {
        const pipeline = await mien.createPipeline({ ...models, wasmPath });
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width: 416, height: 320 });
        const context = canvas.getContext("2d")!;
        const paint = () => {
          context.fillStyle = "black";
          context.fillRect(0, 0, 416, 320);
          context.fillStyle = "white";
          context.fillRect(64, 96, 32, 32);
        };
        const timer = setInterval(paint, 30);
        const stream = canvas.captureStream(30);
        const drawn = new OffscreenCanvas(416, 320).getContext("2d")!;
        const tracks: (number | null)[] = [];
        for await (const result of pipeline.run(stream)) {
          if (result.faces[0] === undefined) continue;
          tracks.push(result.faces[0].track);
          mien.drawFaces(drawn, result);
          if (tracks.length === 4) stream.getTracks().forEach((track) => track.stop());
          if (tracks.length > 60) break;
        }
        clearInterval(timer);
        await pipeline.close();
        return { tracks, painted: drawn.getImageData(0, 0, 416, 320).data.some((v) => v > 0) };
      },
      [MODELS, WASM] as const,
    );
    expect(found.tracks.length).toBeGreaterThanOrEqual(4);
    expect(found.tracks.length).toBeLessThan(60);
    expect(new Set(found.tracks).size).toBe(1);
    expect(found.painted).toBe(true);
  });

  it("computes each model in a worker of its own with `background`, with the same results", async () => {
    const { page } = await browser!.open();
    const found = await page.evaluate(
      async ([models, wasmPath]) => {
        const options = { ...models, wasmPath, stills: true };
        const there = await mien.createPipeline({ ...options, background: true });
        const here = await mien.createPipeline(options);
        const results = [];
        for (const pipeline of [there, here]) {
          results.push((await pipeline.process("/picture.png")).faces);
        }
        const cut = new Uint8Array(99);
        const refused = await mien.FaceDetector.open(cut, { wasmPath, background: true }).catch(
          ({ code }: { code: string }) => code,
        );
        const unstarted = await mien.FaceDetector.open("/spots.onnx", {
          wasmPath: "/none.wasm",
          background: true,
        }).catch(({ code, advice }: { code: string; advice: string }) => ({ code, advice }));
        return { results, refused, unstarted, there: (globalThis.held = there).labels };
      },
      [MODELS, WASM] as const,
    );
    expect(found.results[0]).toEqual(found.results[1]);
    expect(found.results[0]).toHaveLength(1);
    expect(found.refused).toBe("bad-model");
    expect(found.unstarted).toMatchObject({ code: "environment" });
    await expect.poll(() => page.workers().length).toBe(2);
    await page.evaluate(() => globalThis.held.close());
    await expect.poll(() => page.workers().length).toBe(0);
  });

  it("downloads a model once, with progress, and again when it has changed on the server", async () => {
    const { page } = await browser!.open();
    const requests: string[] = [];
    page.on("request", (request) => {
      if (request.url().endsWith("/released.onnx")) requests.push(request.method());
    });
    /** Opens the model; gives its labels, its requests, and the first and last report. */
    const open = async (modelCache?: string | false) => {
      requests.length = 0;
      const opened = await page.evaluate(
        async ([wasmPath, choice]) => {
          const reports: { address: string; loaded: number; total: number | null }[] = [];
          const model = await mien.ExpressionClassifier.open("/released.onnx", {
            wasmPath,
            onDownload: (progress) => reports.push(progress),
            ...choice,
          });
          await model.close();
          return { labels: model.labels.length, last: reports.at(-1), caches: await caches.keys() };
        },
        [WASM, modelCache === undefined ? {} : { modelCache }] as const,
      );
      return { ...opened, requests: [...requests] };
    };
    const report = () => ({
      address: "/released.onnx",
      loaded: released.length,
      total: released.length,
    });
    const first = { labels: 5, last: report(), requests: ["GET"] };
    expect(await open(false)).toEqual({ ...first, caches: [] });
    expect(await open()).toEqual({ ...first, caches: ["mien-models"] });
    expect(await open()).toMatchObject({ ...first, requests: ["HEAD"] });
    released = convModel(1);
    const next = { labels: 7, last: report(), requests: ["HEAD", "GET"] };
    expect(await open()).toMatchObject(next);
    await page.context().setOffline(true);
    expect(await open()).toMatchObject({ ...next, requests: ["HEAD"] });
    await expect(open("another")).rejects.toThrow(/cannot fetch the model/);
  });
});
