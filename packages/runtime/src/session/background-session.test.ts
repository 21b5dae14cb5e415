import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { ExpressionClassifier } from "../expression/expression-classifier.ts";
import { FaceDetector } from "../detect/face-detector.ts";
import { convModel, halvesModel, spotModel } from "../testing/models.ts";
import { spots } from "../testing/pictures.ts";

/** Noise of a model's input size. */
function batchOf(count: number, seed: number): Float32Array {
  const stream = random(seed, "batch");
  return Float32Array.from({ length: count * 48 * 48 }, () => 255 * stream.uniform());
}

describe("a model on a thread of its own", () => {
  it("gives the same numbers as on the caller's thread, in order, and leaves the input alone", async () => {
    const here = await ExpressionClassifier.open(convModel(1));
    const there = await ExpressionClassifier.open(convModel(1), { background: true });
    const batches = [1, 3, 3, 70, 1].map((count, i) => ({ count, batch: batchOf(count, i) }));
    const copies = batches.map(({ batch }) => batch.slice());
    const expected = [];
    for (const { batch, count } of batches) expected.push(await here.run(batch, count));
    const found = await Promise.all(batches.map(({ batch, count }) => there.run(batch, count)));
    expect(found).toEqual(expected);
    expect(batches.map(({ batch }) => batch)).toEqual(copies);
    await Promise.all([here.close(), there.close()]);
    await expect(there.run(batchOf(1, 1), 1)).rejects.toMatchObject({ code: "usage" });
  });

  it("finds what a detector finds in pictures whose sizes differ", async () => {
    const here = await FaceDetector.open(spotModel());
    const there = await FaceDetector.open(spotModel(), { background: true });
    for (const picture of [
      spots(416, 320, [[64, 96]]),
      spots(320, 416, [[96, 64]]),
      spots(416, 320, [[128, 32]]),
    ]) {
      const found = await there.detect(picture);
      expect(found).toHaveLength(1);
      expect(found).toEqual(await here.detect(picture));
    }
    await Promise.all([here.close(), there.close()]);
  });

  it("refuses models in the same words", async () => {
    const cut = convModel(1).subarray(0, 3000);
    const wrong = halvesModel({ outputs: [{ name: "logits", shape: ["N", 5] }] });
    type Choices = { background: boolean };
    for (const open of [
      (choices: Choices) => ExpressionClassifier.open(wrong, choices),
      (choices: Choices) => FaceDetector.open(cut, choices),
      (choices: Choices) => FaceDetector.open(convModel(1), choices),
    ]) {
      const messages = [];
      for (const background of [false, true]) {
        const error: unknown = await open({ background }).catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: "bad-model" });
        messages.push((error as Error).message);
      }
      expect(messages[1]).toBe(messages[0]);
    }
  });

  it("frees its model on a port that cannot be closed, as Deno's", async () => {
    const worker = new URL("./session-worker.mjs", import.meta.url).href;
    const code = `
      const { parentPort } = require("node:worker_threads");
      parentPort.close = undefined;
      import(${JSON.stringify(worker)});`;
    for (const [bytes, kinds] of [
      [halvesModel(), ["opened", "released"]],
      [halvesModel().subarray(0, 99), ["refused"]],
    ] as const) {
      const workerData = { bytes, options: {} };
      const thread = new Worker(code, { eval: true, execArgv: [], workerData });
      for (const kind of kinds) {
        expect(await once(thread, "message")).toMatchObject([{ kind }]);
        thread.postMessage(null);
      }
      await thread.terminate();
    }
  });
});
