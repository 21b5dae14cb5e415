import type { Frame, FrameResult } from "@mien/format";
import { describe, expect, it } from "vitest";
import { createPipeline } from "./pipeline.ts";
import type { FrameDetections } from "./stages/recorded-frame.ts";
import type { FrameInput } from "./image/picture.ts";
import { HALVES, halvesModel } from "./testing/models.ts";
import { paint, spots } from "./testing/pictures.ts";
import { MODELS, run, runTogether, withoutTimings } from "./testing/run-pipeline.ts";

/** A film of a bright spot, with 30 frames a second. */
function film(frames: number): Frame[] {
  const picture = spots(416, 320, [[64, 96]]);
  return Array.from(
    { length: frames },
    (_, i) => ({ ...picture, index: i, timeMs: i * 33 }) as Frame,
  );
}

/** A film of two moving spots, one of which appears later and leaves earlier. */
function busyFilm(frames: number): Frame[] {
  return Array.from({ length: frames }, (_, i): Frame => {
    const one = [32 * (2 + Math.floor(i / 8)), 96] as const;
    const other = [32 * (9 - Math.floor(i / 9)), 192] as const;
    const picture = spots(416, 320, i < 12 || i > 38 ? [one] : [one, other]);
    return { ...picture, index: i, timeMs: i * 33 } as Frame;
  });
}

describe("a pipeline", () => {
  it("gives the box, track and expression of a face", async () => {
    // The spot, and more light on the left side of the face.
    const picture = paint(416, 320, (x, y) =>
      (x >= 64 && x < 96 && y >= 96 && y < 128) || (x >= 49 && x < 64 && y >= 70 && y < 140)
        ? [255, 255, 255]
        : [0, 0, 0],
    );
    const [result] = await run({ source: "test" }, [{ ...picture, index: 7, timeMs: 233 }]);
    expect(result).toMatchObject({ source: "test", frame: 7, timeMs: 233 });
    expect(result).toMatchObject({ type: "frame", width: picture.width, height: picture.height });
    expect(Object.keys(result!.timings)).toEqual(["detect", "classify", "total"]);
    expect(result!.faces).toHaveLength(1);
    const [face] = result!.faces;
    expect(face).toMatchObject({
      track: 1,
      relief: "unknown",
      person: null,
      distanceMm: null,
      confirmed: null,
    });
    expect(face!.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
    expect(face!.expression).toBe("Left");
    expect(result).not.toHaveProperty("rejected");
    expect(JSON.parse(JSON.stringify(result!.timings))).toEqual(result!.timings);
  });

  it("keeps a track, detects every third frame, and confirms after twenty", async () => {
    const results = await run({}, film(25));
    expect(results.map(({ faces }) => faces.map(({ track }) => track))).toEqual(
      results.map(() => [1]),
    );
    expect(results.map(({ faces }) => faces[0]!.quorumReached !== null)).toEqual(
      results.map(({ faces }) => faces[0]!.confirmed !== null),
    );
    expect(results.map(({ faces }) => faces[0]!.confirmed !== null)).toEqual(
      results.map((_, i) => i >= 19),
    );
  });

  it("counts on request, by track, how often each label won in the frames of the window", async () => {
    const frames = busyFilm(40);
    const results = await run({ windows: true, confirmation: { size: 8 } }, frames);
    const won = new Map<number, string[]>();
    for (const { faces, windows } of results) {
      for (const { track, expression } of faces) {
        won.set(track!, [...(won.get(track!) ?? []), expression].slice(-8));
      }
      const expected = faces.map(({ track }) => [
        String(track),
        HALVES.map((label) => won.get(track!)!.filter((one) => one === label).length),
      ]);
      expect(windows).toEqual(Object.fromEntries(expected));
    }
    expect(won.size).toBe(2);
    const [still] = await run({ windows: true, stills: true }, frames);
    expect(still!.windows).toEqual({});
    const [without] = await run({}, frames);
    expect(without).not.toHaveProperty("windows");
  });

  it("keeps a track where frames are slow, since faces are detected again after 100 ms", async () => {
    const slow = film(25).map((frame, i) => ({ ...frame, timeMs: i * 300 }));
    const tracks = (await run({}, slow)).map(({ faces }) => faces.map(({ track }) => track));
    expect(tracks).toEqual(slow.map(() => [1]));
  });

  it("detects faces at once when time goes back, and ends the tracks from before", async () => {
    const before = film(5);
    const after = { ...spots(416, 320, [[256, 96]]), index: 0, timeMs: 10 };
    const results = await run({}, [...before, after]);
    const [face, ...ghosts] = results.at(-1)!.faces;
    expect(ghosts).toEqual([]);
    expect(face!.track).toBe(2);
    expect(face!.box[0]).toBeGreaterThan(200);
  });

  it("leaves out a face that has left the picture, although its track continues", async () => {
    // 16 pixels a frame to the left, until the spot is gone.
    const frames = Array.from({ length: 20 }, (_, i): FrameInput => {
      const left = 160 - 32 * Math.floor(i / 2);
      return { ...spots(416, 320, left < 0 ? [] : [[left, 96]]), index: i, timeMs: i * 33 };
    });
    const results = await run({ detectEvery: 1 }, frames);
    expect(results.slice(0, 12).every(({ faces }) => faces.length === 1)).toBe(true);
    const widths = results.flatMap(({ faces }) => faces.map(({ box }) => box[2]));
    expect(Math.min(...widths)).toBeGreaterThan(0.3 * 50 * 0.65);
    expect(results.at(-1)!.faces).toEqual([]);
  });

  it("gives stills no track and no confirmation", async () => {
    const results = await run({ stills: true }, film(25));
    for (const { faces } of results) {
      expect(faces).toHaveLength(1);
      expect(faces[0]).toMatchObject({ track: null, confirmed: null });
    }
  });

  it("gives calls that overlap the same results as one by one, also beside others and in the background", async () => {
    const frames = busyFilm(50);
    const alone = withoutTimings(await run({}, frames));
    expect(new Set(alone.map((result) => (result as FrameResult).faces.length))).toContain(2);
    const together = await Promise.all([
      runTogether({}, frames),
      runTogether({ background: true }, frames),
      runTogether({ background: true }, frames),
    ]);
    for (const results of together) expect(withoutTimings(results)).toEqual(alone);
  });

  it("loses only the frames that fail", async () => {
    const frames: FrameInput[] = busyFilm(30);
    frames[7] = { ...frames[7]!, width: 1 };
    frames[8] = { ...frames[8]!, height: 0 };
    const sound = frames.filter((_, i) => i !== 7 && i !== 8);
    const together = withoutTimings(await runTogether({}, frames));
    expect(together[7]).toMatch(/of 1×320×3 values/);
    expect(together[8]).toMatch(/at least 1×1 pixels, found 416×0/);
    expect(together.filter((_, i) => i !== 7 && i !== 8)).toEqual(
      withoutTimings(await run({}, sound)),
    );
  });

  it("drops the frames whose turn has not come when the signal fires", async () => {
    const pipeline = await createPipeline(MODELS);
    const stop = new AbortController();
    const given = film(6).map((frame) => pipeline.process(frame, { signal: stop.signal }));
    const ended = Promise.allSettled(given);
    await given[1];
    stop.abort();
    const states = (await ended).map(({ status }) => status);
    await pipeline.close();
    expect(states.slice(0, 2)).toEqual(["fulfilled", "fulfilled"]);
    expect(states.slice(-2)).toEqual(["rejected", "rejected"]);
  });

  it("can be used on after an impossible picture, and refuses frames after close", async () => {
    const pipeline = await createPipeline(MODELS);
    const [frame] = film(1) as [Frame];
    await expect(pipeline.process({ ...frame, width: 1 })).rejects.toMatchObject({
      code: "bad-image",
    });
    await expect(
      pipeline.process({ width: 0, height: 0, pixels: new Uint8Array() }),
    ).rejects.toThrow(/at least 1×1 pixels, found 0×0/);
    const signal = AbortSignal.abort();
    await expect(pipeline.process(frame, { signal })).rejects.toMatchObject({
      code: "interrupted",
    });
    expect((await pipeline.process(frame)).faces).toHaveLength(1);
    const last = pipeline.process(frame);
    const closing = pipeline.close();
    await expect(pipeline.process(frame)).rejects.toMatchObject({ code: "usage" });
    expect((await last).faces).toHaveLength(1);
    await Promise.all([closing, pipeline.close()]);
  });

  it("forgets everything on reset, except for the frames given before, and uses no track id again", async () => {
    const pipeline = await createPipeline(MODELS);
    const before = film(25).map((frame) => pipeline.process(frame));
    pipeline.reset();
    const [face] = (await pipeline.process(film(1)[0]!)).faces;
    expect(face).toMatchObject({ track: 2, confirmed: null });
    expect((await before.at(-1)!).faces[0]).toMatchObject({
      track: 1,
      confirmed: expect.any(String) as string,
    });
    await pipeline.close();
  });

  it("names the model that it cannot use", async () => {
    const bad = new Uint8Array([1, 2, 3]);
    await expect(createPipeline({ ...MODELS, expression: bad })).rejects.toThrow(
      /not an ONNX model/,
    );
    await expect(createPipeline({ ...MODELS, detector: bad })).rejects.toThrow(
      /as a face detector/,
    );
    await expect(createPipeline({ ...MODELS, detector: halvesModel() })).rejects.toMatchObject({
      code: "bad-model",
    });
    await expect(createPipeline({ ...MODELS, detector: "/none.onnx" })).rejects.toMatchObject({
      code: "missing-file",
    });
    await expect(createPipeline({ ...MODELS, detectEvery: 0 })).rejects.toThrow(/detectEvery/);
    await expect(createPipeline({ ...MODELS, confirmation: { size: 0 } })).rejects.toThrow(
      /size must be/,
    );
  });

  it("averages a face with its mirror image, when asked", async () => {
    // The face's box leaves the spot on its left.
    const frame = paint(416, 320, (x, y) =>
      x >= 64 && x < 80 && y >= 96 && y < 128
        ? [255, 255, 255]
        : x < 96 && x >= 64 && y >= 96 && y < 128
          ? [90, 90, 90]
          : [0, 0, 0],
    );
    const [plain] = await run({ stills: true }, [frame]);
    const [mirrored] = await run({ stills: true, mirror: true }, [frame]);
    const [, , left, right] = plain!.faces[0]!.probabilities as [number, number, number, number];
    expect(left).toBeGreaterThan(right);
    const both = mirrored!.faces[0]!.probabilities;
    expect(both[2]).toBeCloseTo((left + right) / 2, 5);
    expect(both[3]).toBeCloseTo(both[2]!, 5);
  });
});

describe("a pipeline that replays an earlier run", () => {
  it.each([{ stills: false }, { stills: true }])(
    "goes on as if its models had read the frames, which it need not see: %o",
    async (options) => {
      const frames = busyFilm(60);
      const settings = { ...MODELS, ...options, rejected: true, detection: { minSize: 20 } };
      const first = await createPipeline(settings);
      const stored: string[] = [];
      for (const frame of frames) {
        let detections: FrameDetections | null = null;
        const result = await first.process(frame, {
          onDetections: (found) => (detections = found),
        });
        stored.push(JSON.stringify({ result, detections }));
      }
      await first.close();
      const kept = stored.map((line) => JSON.parse(line) as StoredFrame);
      const whole = withoutTimings(kept.map(({ result }) => result));
      for (const count of [1, 19, 40]) {
        const second = await createPipeline(settings);
        const calls = frames.map((frame, i) => {
          if (i >= count) return second.process(frame);
          const { detections, result } = kept[i]!;
          const probabilities = result.faces.map((face) => face.probabilities);
          const black = { ...frame, pixels: new Uint8Array(frame.pixels.length) };
          return second.process(black, { recorded: { detections, probabilities } });
        });
        expect(withoutTimings(await Promise.all(calls))).toEqual(whole);
        await second.close();
      }
    },
  );

  it("refuses a recorded frame without detections where they are due", async () => {
    const pipeline = await createPipeline(MODELS);
    const [frame] = film(1);
    await expect(
      pipeline.process(frame!, { recorded: { detections: null, probabilities: [] } }),
    ).rejects.toMatchObject({ code: "bad-data" });
    await pipeline.close();
  });
});

interface StoredFrame {
  readonly result: FrameResult;
  readonly detections: FrameDetections | null;
}
