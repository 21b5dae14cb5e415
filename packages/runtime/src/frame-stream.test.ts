import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPipeline, type Pipeline, type PictureSource, type PipelineResult } from "./index.ts";
import { MODELS } from "./testing/run-pipeline.ts";
import { spots } from "./testing/pictures.ts";

const picture = spots(96, 96, [[32, 32]]);
const film = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ ...picture, index: i, timeMs: 33 * i }));

describe("a stream of pictures", () => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await createPipeline(MODELS);
  });
  afterAll(() => pipeline.close());

  async function indexes(results: AsyncIterable<PipelineResult>) {
    const found: number[] = [];
    for await (const { frame } of results) found.push(frame);
    return found;
  }

  it("gives a result for each picture, in order, from an array, a generator and an async one", async () => {
    const generated = function* () {
      yield* film(5);
    };
    const slow = async function* () {
      for (const frame of film(5)) {
        await setImmediate();
        yield frame;
      }
    };
    const stream = new ReadableStream<PictureSource>({
      start(controller) {
        for (const frame of film(5)) controller.enqueue(frame);
        controller.close();
      },
    });
    for (const source of [film(5), generated(), slow(), stream]) {
      expect(await indexes(pipeline.run(source))).toEqual([0, 1, 2, 3, 4]);
    }
    expect(await indexes(pipeline.run([]))).toEqual([]);
  });

  it("gives a result before the next picture comes", async () => {
    const seen: number[] = [];
    const counts: number[] = [];
    const camera = async function* () {
      for (const frame of film(3)) {
        yield frame;
        // The next frame comes only when the result of this one was seen.
        while (seen.length <= frame.index) await setImmediate();
        counts.push(seen.length);
      }
    };
    for await (const { frame } of pipeline.run(camera())) seen.push(frame);
    expect(counts).toEqual([1, 2, 3]);
  });

  it("reads at most three pictures ahead", async () => {
    let given = 0;
    const endless = function* () {
      for (;;) yield film(1 + given++)[given - 1]!;
    };
    for await (const { frame } of pipeline.run(endless())) {
      expect(given - frame).toBeLessThanOrEqual(4);
      if (frame === 9) break;
    }
    expect(given).toBeLessThan(14);
  });

  it("closes its source when the loop is left, also if the source waits for a frame", async () => {
    let closed = 0;
    const never = new Promise<never>(() => undefined);
    const list = function* () {
      try {
        yield* film(9);
      } finally {
        closed++;
      }
    };
    for await (const { frame } of pipeline.run(list())) if (frame === 1) break;
    expect(closed).toBe(1);
    const camera = async function* () {
      yield* film(1);
      await never;
    };
    for await (const { frame } of pipeline.run(camera())) {
      expect(frame).toBe(0);
      break;
    }
  });

  it("ends with the error of the source, of a picture, or of the signal", async () => {
    const broken = function* () {
      yield* film(2);
      throw new Error("unplugged");
    };
    const results: number[] = [];
    const collect = async () => {
      for await (const { frame } of pipeline.run(broken())) results.push(frame);
    };
    await expect(collect()).rejects.toThrow("unplugged");
    expect(results).toEqual([0, 1]);
    await expect(indexes(pipeline.run([picture, "none.png"]))).rejects.toMatchObject({
      code: "missing-file",
    });
    const signal = AbortSignal.abort();
    await expect(indexes(pipeline.run(film(2), { signal }))).rejects.toMatchObject({
      code: "interrupted",
    });
    pipeline.reset();
    expect((await pipeline.process(picture)).faces).not.toEqual([]);
  });

  it("is refused if it is none", async () => {
    for (const wrong of ["film.mp4", new Uint8Array(9), picture, undefined, 5]) {
      await expect(indexes(pipeline.run(wrong as never))).rejects.toMatchObject({
        code: "usage",
        message: expect.stringMatching(/^run takes a list of pictures, found/) as string,
      });
    }
  });
});
