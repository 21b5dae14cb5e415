import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { findChromium } from "@mien/bench";
import { random, type RawImage } from "@mien/format";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPipeline, ExpressionClassifier, type Picture } from "./index.ts";
import { startBrowser, type TestBrowser, type TestPage } from "./testing/browser.ts";
import { DATA, DETECTOR } from "./testing/data.ts";
import { convModel, halvesModel, spotModel } from "./testing/models.ts";
import { filmInPage, movingSpot } from "./testing/page-film.ts";

/** Without Chromium the tests are skipped, except where `CI` is set. */
const cannotRun = findChromium() === undefined && process.env["CI"] === undefined;
const WASM = "/wasm/ort-wasm-simd-threaded.wasm";

const MODULE = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.mjs");

const BAD = {
  "/bad/page.onnx": Buffer.from("<!doctype html><title>not here</title>"),
  "/bad/cut.onnx": convModel(1).subarray(0, 3000),
  "/bad/foreign.onnx": halvesModel({ metadata: {} }),
  "/bad/shape.onnx": halvesModel({ inputs: [{ name: "input", shape: ["N", 1, 8, 8] }] }),
  "/bad/fixed.onnx": halvesModel({ inputs: [{ name: "input", shape: [1, 8, 8, 1] }] }),
  "/bad/labels.onnx": halvesModel({ outputs: [{ name: "logits", shape: ["N", 5] }] }),
};

describe.skipIf(cannotRun)("in Chromium", () => {
  let browser: TestBrowser | undefined;
  let test: TestPage;

  beforeAll(async () => {
    browser = await startBrowser({
      "/grey.onnx": convModel(1),
      "/colour.onnx": convModel(3),
      "/halves.onnx": halvesModel(),
      "/spots.onnx": spotModel(),
      "/detector.onnx": await readFile(DETECTOR),
      ...BAD,
      // Without the isolating headers a browser starts no thread from it, and reports no error.
      "/bare/ort.mjs": { type: "text/javascript", content: await readFile(MODULE), isBare: true },
    });
    test = await browser.open();
  });
  afterAll(() => browser?.close());

  it("the same images give the same probabilities as in Node", async () => {
    const images = [
      [48, 48, 1],
      [160, 120, 4],
      [31, 57, 3],
      [100, 100, 4],
      [7, 5, 1],
      [1, 1, 3],
    ].map(([width, height, channels], seed) => {
      const stream = random(seed, "image");
      const data = Array.from({ length: width! * height! * channels! }, () => stream.integer(256));
      return { width: width!, height: height!, channels: channels as 1 | 3 | 4, data };
    });
    for (const [name, bytes] of [
      ["/grey.onnx", convModel(1)],
      ["/colour.onnx", convModel(3)],
    ] as const) {
      const inBrowser = await test.page.evaluate(
        async ([source, wasmPath, pictures]) => {
          const classifier = await mien.ExpressionClassifier.open(source, { wasmPath });
          const raw = pictures.map((p) => ({ ...p, data: Uint8ClampedArray.from(p.data) }));
          const together = await classifier.classify(raw);
          // Also calls that overlap.
          const alone = await Promise.all(raw.map((image) => classifier.classify(image)));
          const { labels } = classifier;
          await classifier.close();
          return { labels, together, alone };
        },
        [name, WASM, images] as const,
      );
      const classifier = await ExpressionClassifier.open(bytes);
      const raw = images.map((p): RawImage => ({ ...p, data: Uint8Array.from(p.data) }));
      const inNode = await classifier.classify(raw);
      expect(inBrowser.labels).toEqual(classifier.labels);
      await classifier.close();
      inNode.forEach((expected, i) => {
        for (const found of [inBrowser.together[i]!, inBrowser.alone[i]!]) {
          expect(found.expression).toBe(expected.expression);
          expected.probabilities.forEach((p, k) => {
            expect(Math.abs(found.probabilities[k]! - p)).toBeLessThan(1e-5);
          });
        }
      });
      const distinct = new Set(inNode.map(({ probabilities }) => probabilities.join()));
      expect(distinct.size).toBe(images.length);
    }
  });

  it("a bad file gives the same error as in Node", async () => {
    for (const [name, bytes] of Object.entries(BAD)) {
      const inBrowser = await test.page.evaluate(
        async ([source, wasmPath]) => {
          try {
            await mien.ExpressionClassifier.open(source, { wasmPath });
            return undefined;
          } catch (error) {
            const { name, code, message } = error as Error & { code: string };
            return { name, code, message };
          }
        },
        [name, WASM] as const,
      );
      const inNode = await ExpressionClassifier.open(bytes).catch((error: unknown) => error);
      const message = (inNode as Error).message.replace("the model", name);
      expect(inBrowser).toEqual({ name: "MienError", code: "bad-model", message });
    }
  });

  it("errors name a model that is missing, an image that is impossible and a classifier that is closed", async () => {
    const found = await test.page.evaluate(async (wasmPath) => {
      const codes: string[] = [];
      const note = (error: unknown) => {
        const { code, message } = error as Error & { code: string };
        codes.push(`${code}: ${message}`);
      };
      const { ExpressionClassifier } = mien;
      await ExpressionClassifier.open("/none.onnx", { wasmPath }).catch(note);
      const classifier = await ExpressionClassifier.open("halves.onnx", { wasmPath });
      await classifier
        .classify({ width: 0, height: 0, channels: 1, data: new Uint8Array() })
        .catch(note);
      const pixel = { width: 1, height: 1, channels: 1, data: Uint8Array.of(200) } as const;
      codes.push((await classifier.classify(pixel)).expression);
      await classifier.close();
      await classifier.classify(pixel).catch(note);
      return codes;
    }, WASM);
    expect(found).toEqual([
      "missing-file: cannot fetch the model /none.onnx: HTTP 404 Not Found",
      "bad-image: the image cannot be used: expected a width and a height of at least 1 pixel, found 0×0",
      "Even",
      "usage: the classifier of halves.onnx is closed",
    ]);
  });

  it("a missing WebAssembly file is an environment error, not a bad model", async () => {
    const other = await browser!.open();
    const error = await other.page.evaluate(async () => {
      const source = new URL("/halves.onnx", location.href);
      const opened = mien.ExpressionClassifier.open(source, { wasmPath: "/none.wasm" });
      return opened.then(
        () => undefined,
        (error: unknown) => ({ ...(error as { code: string; advice: string }) }),
      );
    });
    expect(error?.code).toBe("environment");
    expect(error?.advice).toMatch(/Serve .*ort-wasm-simd-threaded\.wasm/);
  });

  it("threads that cannot start are an error with advice, and do not hang", async () => {
    for (const [choices, problem, advice] of [
      [{ wasmPath: WASM, wasmModulePath: "/none.mjs" }, /none\.mjs: HTTP 404/, /wasmModulePath/],
      [{ wasmPath: WASM, wasmModulePath: "/" }, /found text\/html/, /wasmModulePath/],
      [{ wasmPath: WASM, wasmModulePath: "/bare/ort.mjs" }, /timeout/, /Embedder-Policy/],
      [{}, /wasmPath/, /wasmPath/],
    ] as const) {
      const { page } = await browser!.open();
      await page.clock.install();
      const failed = page.evaluate(
        (choices) =>
          mien.ExpressionClassifier.open("/halves.onnx", { threads: 2, ...choices }).then(
            () => ({ message: "it opened", advice: "" }),
            ({ message, advice }: { message: string; advice: string }) => ({ message, advice }),
          ),
        choices,
      );
      // The page's clock runs ahead, so that the test need not wait for the timeout.
      let isDone = false;
      void failed.finally(() => (isDone = true));
      while (!isDone) {
        await page.clock.fastForward(1000);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const { message, advice: said } = await failed;
      expect(message).toMatch(problem);
      expect(said).toMatch(advice);
    }
  });

  it("two threads give the same results as one, with the module beside the WebAssembly file", async () => {
    const { page, requests } = await browser!.open();
    const open = async (threads: number) =>
      page.evaluate(
        async ([wasmPath, threads]) => {
          const options = { wasmPath, threads };
          const classifier = await mien.ExpressionClassifier.open("/grey.onnx", options);
          const data = Uint8Array.from({ length: 48 * 48 }, (_, i) => i % 251);
          return classifier.classify({ width: 48, height: 48, channels: 1, data });
        },
        [WASM, threads] as const,
      );
    const found = await open(2);
    expect(page.workers().length).toBeGreaterThan(0);
    expect(requests.filter((url) => url.endsWith("/page.js"))).toHaveLength(1);
    const classifier = await ExpressionClassifier.open(convModel(1));
    const data = Uint8Array.from({ length: 48 * 48 }, (_, i) => i % 251);
    const expected = await classifier.classify({ width: 48, height: 48, channels: 1, data });
    await classifier.close();
    expect(found.expression).toBe(expected.expression);
    expected.probabilities.forEach((p, i) => expect(found.probabilities[i]).toBeCloseTo(p, 5));
  });

  /** Processes pictures as a film in Node and in the page, and compares the results. */
  async function expectSame(
    detector: { url: string; bytes: Uint8Array },
    film: readonly Picture[],
  ) {
    const frames = film.map((picture, i) => ({ ...picture, index: i, timeMs: 40 * i }));
    const pipeline = await createPipeline({
      expression: convModel(1),
      detector: detector.bytes,
      mirror: true,
    });
    const inNode = [];
    for (const frame of frames) inNode.push(await pipeline.process(frame));
    await pipeline.close();
    const inPage = await filmInPage(test, { frames, detector: detector.url, wasmPath: WASM });
    let faces = 0;
    inNode.forEach((result, i) => {
      const other = inPage[i]!;
      expect(other.faces.map(({ track }) => track)).toEqual(result.faces.map(({ track }) => track));
      result.faces.forEach((face, k) => {
        faces++;
        const { box, probabilities } = other.faces[k]!;
        const apart = (a: readonly number[], b: readonly number[]) =>
          Math.max(...a.map((value, j) => Math.abs(value - b[j]!)));
        expect(apart(face.box, box)).toBeLessThan(1);
        expect(apart(face.probabilities, probabilities)).toBeLessThan(1e-4);
      });
    });
    return faces;
  }

  it("the same frames give the same tracks, boxes and probabilities as in Node", async () => {
    const film = Array.from({ length: 12 }, (_, i) => movingSpot(i));
    expect(
      await expectSame({ url: "/spots.onnx", bytes: spotModel() }, film),
    ).toBeGreaterThanOrEqual(12);
  });

  it.skipIf(DATA === undefined)(
    "photographs of people give the same results as in Node",
    async () => {
      const names = ["scene_astronaut", "scene_two_people", "scene_john1", "noface_coffee"];
      const photographs = await Promise.all(
        names.map(async (name) => {
          const { data, info } = await sharp(path.join(DATA!, `faces/${name}.jpg`))
            .removeAlpha()
            .raw()
            .toBuffer({ resolveWithObject: true });
          return { width: info.width, height: info.height, pixels: data };
        }),
      );
      // Each three times, since faces are detected in every third frame.
      const film = photographs.flatMap((photograph) => [photograph, photograph, photograph]);
      const detector = { url: "/detector.onnx", bytes: await readFile(DETECTOR) };
      expect(await expectSame(detector, film)).toBeGreaterThanOrEqual(8);
    },
  );

  it("deletePerson is refused in a page, with the advice to use encodePerson", async () => {
    const advice = await test.page.evaluate(() =>
      mien.deletePerson("people", "Ada").then(
        () => "",
        (error: unknown) => (error as { advice: string }).advice,
      ),
    );
    expect(advice).toMatch(/encodePerson/);
  });

  it("no request leaves the page's own server", () => {
    expect(test.requests).toContain(test.origin + WASM);
    expect(test.requests.filter((url) => !/^(blob:|data:)/.test(url))).toSatisfy((urls: string[]) =>
      urls.every((url) => url.startsWith(`${test.origin}/`)),
    );
  });
});
