import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Frame, FrameResult } from "@mien/format";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { overlap } from "./image/box.ts";
import { enrol } from "./people/enrol.ts";
import { FaceDetector } from "./detect/face-detector.ts";
import { People } from "./people/people.ts";
import { createPipeline, type FrameInput } from "./pipeline.ts";
import type { PipelineOptions } from "./pipeline-options.ts";
import { openEmbedding } from "./people/recogniser.ts";
import { DATA, DETECTOR, faceBoxes, findYunet } from "./testing/data.ts";
import { depthScene, type Object3d } from "./testing/depth.ts";
import { colourModel, halvesModel, spotModel } from "./testing/models.ts";
import { paint, spots } from "./testing/pictures.ts";

const spotted = { expression: halvesModel(), detector: spotModel() };

/** A bright spot, 30 frames a second. */
function film(frames: number): Frame[] {
  const picture = spots(416, 320, [[64, 96]]);
  return Array.from(
    { length: frames },
    (_, i) => ({ ...picture, index: i, timeMs: i * 33 }) as Frame,
  );
}

async function run(options: Partial<PipelineOptions>, frames: readonly FrameInput[]) {
  const pipeline = await createPipeline({ ...spotted, ...options });
  try {
    const results: FrameResult[] = [];
    for (const frame of frames) results.push(await pipeline.process(frame));
    return results;
  } finally {
    await pipeline.close();
  }
}

/** All frames at once; what became of each. */
async function runTogether(options: Partial<PipelineOptions>, frames: readonly FrameInput[]) {
  const pipeline = await createPipeline({ ...spotted, ...options });
  const settled = await Promise.allSettled(frames.map((frame) => pipeline.process(frame)));
  await pipeline.close();
  return settled.map((one) => (one.status === "fulfilled" ? one.value : (one.reason as Error)));
}

/** How long it took aside. */
const bare = (results: readonly (FrameResult | Error)[]) =>
  results.map((result) => (result instanceof Error ? result.message : { ...result, timings: {} }));

/** Two spots that move through each other's frames, one of which comes later and leaves earlier. */
function busyFilm(frames: number): Frame[] {
  return Array.from({ length: frames }, (_, i): Frame => {
    const one = [32 * (2 + Math.floor(i / 8)), 96] as const;
    const other = [32 * (9 - Math.floor(i / 9)), 192] as const;
    const picture = spots(416, 320, i < 12 || i > 38 ? [one] : [one, other]);
    return { ...picture, index: i, timeMs: i * 33 } as Frame;
  });
}

describe("a pipeline", () => {
  it("gives a frame's result: who is where, and what the face shows", async () => {
    // The spot, and more light on the left of the face.
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
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
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

  it("keeps a track also where frames are slow: after 100 ms it looks for faces again", async () => {
    const slow = film(25).map((frame, i) => ({ ...frame, timeMs: i * 300 }));
    const tracks = (await run({}, slow)).map(({ faces }) => faces.map(({ track }) => track));
    expect(tracks).toEqual(slow.map(() => [1]));
  });

  it("looks for faces at once when time goes back, and nobody stays of what was", async () => {
    const before = film(5);
    const after = { ...spots(416, 320, [[256, 96]]), index: 0, timeMs: 10 };
    const results = await run({}, [...before, after]);
    const [face, ...ghosts] = results.at(-1)!.faces;
    expect(ghosts).toEqual([]);
    expect(face!.track).toBe(2);
    expect(face!.box[0]).toBeGreaterThan(200);
  });

  it("leaves out a face that has gone out of the picture, though it is bridged", async () => {
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

  it("takes stills one by one: no track, no confirmation", async () => {
    const results = await run({ stills: true }, film(25));
    for (const { faces } of results) {
      expect(faces).toHaveLength(1);
      expect(faces[0]).toMatchObject({ track: null, confirmed: null });
    }
  });

  it("gives calls that overlap what they give one by one, beside others and on threads of their own", async () => {
    const frames = busyFilm(50);
    const alone = bare(await run({}, frames));
    expect(new Set(alone.map((result) => (result as FrameResult).faces.length))).toContain(2);
    const together = await Promise.all([
      runTogether({}, frames),
      runTogether({ background: true }, frames),
      runTogether({ background: true }, frames),
    ]);
    for (const results of together) expect(bare(results)).toEqual(alone);
  });

  it("loses nothing but the frames that fail, whatever the others do meanwhile", async () => {
    const frames: FrameInput[] = busyFilm(30);
    frames[7] = { ...frames[7]!, width: 1 };
    frames[8] = { ...frames[8]!, height: 0 };
    const sound = frames.filter((_, i) => i !== 7 && i !== 8);
    const together = bare(await runTogether({}, frames));
    expect(together[7]).toMatch(/of 1×320×3 values/);
    expect(together[8]).toMatch(/at least 1×1 pixels, found 416×0/);
    expect(together.filter((_, i) => i !== 7 && i !== 8)).toEqual(bare(await run({}, sound)));
  });

  it("stops for a signal before a frame's turn, however many are given", async () => {
    const pipeline = await createPipeline(spotted);
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

  it("goes on after an impossible picture, stops for a signal, and is closed for good", async () => {
    const pipeline = await createPipeline(spotted);
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

  it("forgets everything on reset, but for the frames given before", async () => {
    const pipeline = await createPipeline(spotted);
    const before = film(25).map((frame) => pipeline.process(frame));
    pipeline.reset();
    const [face] = (await pipeline.process(film(1)[0]!)).faces;
    expect(face).toMatchObject({ track: 1, confirmed: null });
    expect((await before.at(-1)!).faces[0]).toMatchObject({
      track: 1,
      confirmed: expect.any(String) as string,
    });
    await pipeline.close();
  });

  it("names the model that it cannot use, and leaves nothing open", async () => {
    const bad = new Uint8Array([1, 2, 3]);
    await expect(createPipeline({ ...spotted, expression: bad })).rejects.toThrow(
      /not an ONNX model/,
    );
    await expect(createPipeline({ ...spotted, detector: bad })).rejects.toThrow(
      /as a face detector/,
    );
    await expect(createPipeline({ ...spotted, detector: halvesModel() })).rejects.toMatchObject({
      code: "bad-model",
    });
    await expect(createPipeline({ ...spotted, detector: "/none.onnx" })).rejects.toMatchObject({
      code: "missing-file",
    });
    await expect(createPipeline({ ...spotted, detectEvery: 0 })).rejects.toThrow(/detectEvery/);
    await expect(createPipeline({ ...spotted, confirmation: { size: 0 } })).rejects.toThrow(
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

describe("a pipeline with depth", () => {
  /** A spot where the object is. */
  function frameOf(object: Object3d, z: number, seed: number): FrameInput {
    const { depth, box } = depthScene(object, z, seed);
    const centreX = box[0] + box[2] / 2;
    const centreY = box[1] + box[3] / 2;
    const picture = paint(640, 480, (x, y) =>
      Math.abs(x - centreX) < box[2] / 2 && Math.abs(y - centreY) < box[3] / 2
        ? [255, 255, 255]
        : [0, 0, 0],
    );
    return { ...picture, index: seed, timeMs: seed * 33, depth };
  }

  it("leaves out a flat photograph, says why, and keeps it on request", async () => {
    const flat = frameOf("flat", 1.3, 1);
    const [result] = await run({ stills: true, rejected: true }, [flat]);
    expect(result!.faces).toEqual([]);
    expect(result!.rejected!.map(({ reason }) => reason)).toContainEqual(
      expect.stringMatching(/^flat: .* from a plane at 1\.3\d m/),
    );
    const [told] = await run({ stills: true, flat: "tell" }, [flat]);
    expect(told!.faces[0]).toMatchObject({
      relief: "flat",
      distanceMm: expect.any(Number) as number,
    });
    const [off] = await run({ stills: true, flat: "off" }, [flat]);
    expect(off!.faces[0]).toMatchObject({ relief: "unknown" });
  });

  it("keeps a head and tells its distance", async () => {
    const [result] = await run({ stills: true, rejected: true }, [frameOf("head", 1.3, 2)]);
    const [face] = result!.faces;
    expect(face).toMatchObject({ relief: "face" });
    expect(Math.abs(face!.distanceMm! - 1300)).toBeLessThan(60);
  });
});

describe("a pipeline with people", () => {
  const faceOf = (colour: readonly [number, number, number], at = 64) =>
    paint(416, 320, (x, y) =>
      x >= at && x < at + 32 && y >= 96 && y < 128
        ? [255, 255, 255]
        : Math.abs(x - at - 16) < 40 && Math.abs(y - 112) < 60
          ? colour
          : [0, 0, 0],
    );
  const red = (i: number) => [150 + i, 40, 40] as const;
  const blue = (i: number) => [40, 40, 150 + i] as const;
  const green = [30, 130, 30] as const;

  it("names whom it knows on every frame, a stranger never, and windows follow the name", async () => {
    const recogniser = await openEmbedding(colourModel());
    const people = new People(recogniser);
    const detector = await FaceDetector.open(spotModel());
    for (const [name, colour] of [
      ["Red", red],
      ["Blue", blue],
    ] as const) {
      const nothing = paint(64, 64, () => [0, 0, 0]);
      const pictures = [...[0, 3, 6, 9].map((i) => faceOf(colour(i))), nothing];
      const { person, withoutFace } = await enrol(people, name, pictures, detector);
      expect(person.features).toHaveLength(4);
      expect(withoutFace).toEqual([4]);
    }
    await expect(
      enrol(people, "Nobody", [paint(64, 64, () => [0, 0, 0])], detector),
    ).rejects.toMatchObject({ code: "bad-image" });
    await detector.close();
    const timed = (picture: FrameInput, i: number) => ({ ...picture, index: i, timeMs: 33 * i });
    const frames = Array.from({ length: 20 }, (_, i) => timed(faceOf(red(4)), i));
    const known = await run({ people }, frames);
    const names = known.map(({ faces }) => faces[0]?.person?.name);
    expect(names).toEqual(names.map(() => "Red"));
    const strange = await run(
      { people },
      frames.map((_, i) => timed(faceOf(green), i)),
    );
    expect(strange.flatMap(({ faces }) => faces.map(({ person }) => person))).toEqual(
      frames.map(() => null),
    );
    expect(bare(await runTogether({ people, background: true }, frames))).toEqual(bare(known));
    await recogniser.close();
  });
});

describe.skipIf(DATA === undefined)("on photographs", () => {
  async function score(detector: string) {
    const folder = path.join(DATA!, "faces");
    const boxes = faceBoxes();
    const pipeline = await createPipeline({ expression: halvesModel(), detector, stills: true });
    let [faces, found, falseAlarms] = [0, 0, 0];
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".jpg"))) {
      const { data, info } = await sharp(path.join(folder, file))
        .toColourspace("srgb")
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const result = await pipeline.process({
        width: info.width,
        height: info.height,
        pixels: data,
      });
      const known = boxes[file] ?? [];
      faces += known.length;
      found += known.filter((box) => result.faces.some((f) => overlap(f.box, box) >= 0.3)).length;
      if (file.startsWith("noface_")) falseAlarms += result.faces.length;
    }
    await pipeline.close();
    return { faces, found, falseAlarms };
  }

  it("finds at least 24 of 25 faces, with at most one false alarm", async () => {
    const { faces, found, falseAlarms } = await score(DETECTOR);
    expect(faces).toBe(25);
    expect(found).toBeGreaterThanOrEqual(24);
    expect(falseAlarms).toBeLessThanOrEqual(1);
  });

  it.skipIf(findYunet() === undefined)("finds all of them with a YuNet, without one", async () => {
    expect(await score(findYunet()!)).toEqual({ faces: 25, found: 25, falseAlarms: 0 });
  });
});
