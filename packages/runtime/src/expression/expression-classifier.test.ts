import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { MienError, random, type RawImage } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ExpressionClassifier } from "../index.ts";
import { HALVES, convModel, halvesAnswer, halvesModel } from "../testing/models.ts";

let folder: string;
const open: ExpressionClassifier[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien runtime ü-"));
});
afterAll(async () => {
  await Promise.all(open.map((classifier) => classifier.close()));
  await rm(folder, { recursive: true, force: true });
});

async function opened(...args: Parameters<typeof ExpressionClassifier.open>) {
  const classifier = await ExpressionClassifier.open(...args);
  open.push(classifier);
  return classifier;
}

/** 8×8 grey, `bright` where the predicate holds, else black. */
function picture(isBright: (x: number, y: number) => boolean, bright = 255): RawImage {
  const data = Uint8Array.from({ length: 64 }, (_, i) =>
    isBright(i % 8, Math.floor(i / 8)) ? bright : 0,
  );
  return { width: 8, height: 8, channels: 1, data };
}

function noise(seed: number, width: number, height: number, channels: 1 | 3 | 4): RawImage {
  const stream = random(seed, "noise");
  const data = Uint8Array.from({ length: width * height * channels }, () => stream.integer(256));
  return { width, height, channels, data };
}

const left = picture((x) => x < 4);
const bottom = picture((_, y) => y >= 4, 100);

describe("an expression classifier", () => {
  it("takes labels and input size from the file and gives the probabilities of its graph", async () => {
    const classifier = await opened(halvesModel());
    expect(classifier.labels).toEqual(HALVES);
    expect(classifier.metadata.input).toEqual({ height: 8, width: 8, channels: 1 });
    const answer = await classifier.classify(left);
    expect(answer.expression).toBe("Left");
    expectClose(answer.probabilities, halvesAnswer(0.5, 0.5, 1, 0));
    const grey = await classifier.classify(picture(() => true, 90));
    expect(grey.expression).toBe("Even");
  });

  it("prepares images of any size and number of channels", async () => {
    const classifier = await opened(halvesModel());
    const data = Uint8Array.from({ length: 64 * 40 * 4 }, (_, i) => {
      if (i % 4 === 3) return 17; // alpha is not looked at
      return Math.floor(i / 4) % 64 >= 32 ? 250 : 10;
    });
    const answer = await classifier.classify({ width: 64, height: 40, channels: 4, data });
    expect(answer.expression).toBe("Right");
  });

  it("answers a long list in order, each image as if it were alone", async () => {
    const classifier = await opened(convModel(3));
    const images = Array.from({ length: 150 }, (_, i) => noise(i, 20 + (i % 50), 48, 3));
    const together = await classifier.classify(images);
    expect(together).toHaveLength(150);
    for (const index of [0, 63, 64, 127, 128, 149]) {
      const alone = await classifier.classify(images[index]!);
      expectClose(together[index]!.probabilities, alone.probabilities, 1e-6);
    }
    expect(new Set(together.map((answer) => answer.probabilities[0])).size).toBe(150);
    expect(await classifier.classify([])).toEqual([]);
  });

  it("runs prepared batches", async () => {
    const classifier = await opened(halvesModel());
    const batch = Float32Array.from([...bottom.data, ...left.data]);
    const answers = await classifier.run(batch, 2);
    expectClose(answers.subarray(0, 5), halvesAnswer(0, 100 / 255, 50 / 255, 50 / 255));
    expectClose(answers.subarray(5), halvesAnswer(0.5, 0.5, 1, 0));
    expect(await classifier.run(new Float32Array(), 0)).toHaveLength(0);
    await expect(classifier.run(batch, 3)).rejects.toMatchObject({
      code: "bad-image",
      message: "expected a Float32Array of 3×8×8×1 values, found a Float32Array of 128 values",
    });
  });

  it("opens a path, a file URL, an http URL, and bytes inside a larger buffer", async () => {
    const file = path.join(folder, "modèle 😀 #1%20.onnx");
    await writeFile(file, halvesModel());
    const server = createServer((request, response) => {
      if (request.url !== "/m.onnx") response.statusCode = 404;
      response.end(halvesModel());
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const inside = Buffer.concat([Buffer.alloc(3), halvesModel(), Buffer.alloc(5)]);
    try {
      for (const source of [
        file,
        pathToFileURL(file),
        new URL(`${base}/m.onnx`),
        inside.subarray(3, -5),
      ]) {
        const classifier = await opened(source);
        expect((await classifier.classify(left)).expression).toBe("Left");
      }
      await expect(ExpressionClassifier.open(new URL(`${base}/other.onnx`))).rejects.toMatchObject({
        code: "missing-file",
        message: `cannot fetch the model ${base}/other.onnx: HTTP 404 Not Found`,
      });
    } finally {
      server.close();
    }
  });

  it("names a file that cannot be read", async () => {
    const file = path.join(folder, "absent.onnx");
    for (const source of [file, folder]) {
      await expect(ExpressionClassifier.open(source)).rejects.toMatchObject({
        code: "missing-file",
        message: expect.stringContaining(`cannot read the model ${source}`) as string,
      });
    }
  });

  it("goes on after an impossible image", async () => {
    const classifier = await opened(halvesModel());
    const impossible = [
      { width: 0, height: 0, channels: 1, data: new Uint8Array() },
      { width: 8, height: 8, channels: 3, data: new Uint8Array(64) },
      { width: -8, height: -8, channels: 1, data: new Uint8Array(64) },
      { width: NaN, height: 8, channels: 1, data: new Uint8Array(64) },
      { width: 8, height: 8, channels: 2, data: new Uint8Array(128) },
      { width: 8, height: 8 },
      null,
    ] as RawImage[];
    for (const image of impossible) {
      await expect(classifier.classify(image)).rejects.toMatchObject({ code: "bad-image" });
      await expect(classifier.classify([left, image])).rejects.toThrow(/image 2 of 2/);
    }
    expect((await classifier.classify(left)).expression).toBe("Left");
  });

  it("answers concurrent calls as it answers them one by one", async () => {
    const classifier = await opened(convModel(1));
    const images = Array.from({ length: 20 }, (_, i) => noise(i, 48, 48, 1));
    const together = await Promise.all(images.map((image) => classifier.classify(image)));
    for (const [index, image] of images.entries()) {
      expect(together[index]).toEqual(await classifier.classify(image));
    }
  });

  it("shares nothing with other classifiers", async () => {
    const [halves, conv] = await Promise.all([
      opened(halvesModel()),
      opened(convModel(1), { threads: 2 }),
    ]);
    const [before, other] = await Promise.all([conv.classify(left), halves.classify(left)]);
    expect(other.expression).toBe("Left");
    await halves.close();
    expect(await conv.classify(left)).toEqual(before);
  });

  it("ends the calls made before it is closed and refuses those made after", async () => {
    const classifier = await ExpressionClassifier.open(halvesModel());
    const running = classifier.classify(Array.from({ length: 300 }, () => left));
    const closed = classifier.close();
    await expect(classifier.classify(left)).rejects.toMatchObject({
      code: "usage",
      message: "the classifier of the model is closed",
    });
    expect(await running).toHaveLength(300);
    await closed;
    await classifier.close();
  });

  it("refuses an impossible number of threads", async () => {
    for (const threads of [0, -1, 1.5, NaN]) {
      await expect(ExpressionClassifier.open(halvesModel(), { threads })).rejects.toMatchObject({
        code: "usage",
      });
    }
  });

  it("says so when a model answers nonsense for one image, and goes on", async () => {
    // Black gives log 0 = −∞ for every class, and softmax of that is not a number.
    const model = halvesModel({
      nodes: [
        { op: "Flatten", inputs: ["input"], outputs: ["pixels"], attributes: { axis: 1 } },
        { op: "Gemm", inputs: ["pixels", "w", "b"], outputs: ["logits"] },
        { op: "Log", inputs: ["logits"], outputs: ["logs"] },
        { op: "Softmax", inputs: ["logs"], outputs: ["probabilities"], attributes: { axis: 1 } },
      ],
      weights: {
        w: { shape: [64, 5], data: new Array<number>(320).fill(1) },
        b: { shape: [5], data: new Array<number>(5).fill(0) },
      },
    });
    const classifier = await opened(model);
    await expect(classifier.classify(picture(() => false))).rejects.toMatchObject({
      code: "bad-model",
      message: expect.stringMatching(/\[NaN, NaN.*no list of probabilities/) as string,
    });
    expectClose((await classifier.classify(left)).probabilities, [0.2, 0.2, 0.2, 0.2, 0.2]);
  });
});

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5) {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) {
    expect(Math.abs(found[i]! - expected[i]!)).toBeLessThanOrEqual(tolerance);
  }
}

it("errors are MienErrors, which programs can branch on", async () => {
  await expect(ExpressionClassifier.open(new Uint8Array(3))).rejects.toBeInstanceOf(MienError);
});
