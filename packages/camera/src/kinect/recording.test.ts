import { mkdtemp, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { MienError, type Frame } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawFaces } from "../recording/face-textures.ts";
import { synthesizeRecording, TRUTH } from "../recording/synthesize.ts";
import { openSource } from "../open-source.ts";
import type { SourceNotice, SourceOptions } from "../source/source.ts";
import { fromDeviceJson } from "./camera-parameters.ts";
import { openRecording } from "./recording-source.ts";
import { readRecording } from "./recording.ts";

let folder: string;
let recording: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-recording-"));
  recording = path.join(folder, "rec");
  const faces = await drawFaces(1, 1);
  await synthesizeRecording(recording, { scene: "head", seconds: 0.4, seed: 1, faces });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function play(options: SourceOptions & { frames?: number; slowMs?: number } = {}) {
  const frames: Frame[] = [];
  const source = await openRecording(recording, options);
  for await (const frame of source.frames()) {
    frames.push(frame);
    if (frames.length === options.frames) break;
    if (options.slowMs) await new Promise((resolve) => setTimeout(resolve, options.slowMs));
  }
  return frames;
}

describe("a recording", () => {
  it("gives every frame with its depth, at the recorded times, faster than they were recorded", async () => {
    const frames = await play();
    expect(frames.map(({ index }) => index)).toEqual([...Array(12).keys()]);
    frames.forEach(({ timeMs, index }) => expect(timeMs).toBeCloseTo((index * 1000) / 30, 2));
    for (const { depth, pixels } of frames) {
      expect(pixels).toHaveLength(640 * 480 * 3);
      expect(depth).toMatchObject({ width: 640, height: 480 });
      expect(depth?.focalLength).toBeCloseTo(575.8, 1);
      const line = depth?.millimetres.slice(240 * 640 + 310, 240 * 640 + 330) ?? [];
      const middle = line.filter((mm) => mm > 0).sort()[5];
      expect(middle).toBeGreaterThan(600);
      expect(middle).toBeLessThan(2100);
    }
  });

  it("is refused as a folder of images, with what to write instead", async () => {
    await expect(openSource(recording)).rejects.toMatchObject({
      advice: `Write --source kinect:${recording}`,
    });
  });

  it.skipIf(process.platform !== "linux")("may have a name that is not UTF-8", async () => {
    const named = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from("s\xe9ance", "latin1")]);
    await symlink(recording, named);
    for (const name of ["s\ufffdance", "s\\xE9ance"]) {
      const source = await openSource(`kinect:${folder}/${name}`);
      let frames = 0;
      for await (const { depth } of source.frames()) if (depth !== undefined) frames++;
      expect(frames).toBe(12);
    }
    await expect(openSource(`${folder}/s\ufffdance`)).rejects.toMatchObject({
      advice: `Write --source 'kinect:${folder}/s\\xE9ance'`,
    });
  });

  it("goes on from its end when looped, also in time", async () => {
    const frames = await play({ loop: true, frames: 30 });
    frames.forEach(({ timeMs, index }) => expect(timeMs).toBeCloseTo((index * 1000) / 30, 1));
    expect(frames[12]?.pixels).toEqual(frames[0]?.pixels);
  });

  it("leaves out frames for a slow reader in real time, and only then", async () => {
    const frames = await play({ realTime: true, slowMs: 100 });
    expect(frames.length).toBeLessThan(9);
    expect(frames.at(-1)?.index).toBe(11);
    expect(await play({ slowMs: 20 })).toHaveLength(12);
  });

  it("stops when its signal fires", async () => {
    const stop = new AbortController();
    const source = await openRecording(recording, { loop: true, signal: stop.signal });
    let count = 0;
    for await (const { index } of source.frames()) {
      count++;
      if (index === 20) stop.abort();
    }
    expect(count).toBe(21);
  });

  it("leaves out a picture that is cut off, and says so; one that has no good picture is an error", async () => {
    const names = (await readdir(recording)).filter((name) => name.startsWith("r-")).sort();
    await truncate(path.join(recording, names[3] ?? ""), 500);
    const notices: SourceNotice[] = [];
    const frames = await play({ onNotice: (notice) => notices.push(notice) });
    expect(frames.map(({ index }) => index)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(notices).toHaveLength(1);
    expect(notices[0]?.message).toMatch(/ppm is cut off: expected 921615 bytes, found 500/);
    for (const name of names) await truncate(path.join(recording, name), 0);
    await expect(play()).rejects.toThrow(/is cut off/);
    await expect(play({ loop: true })).rejects.toThrow(/is cut off/);
  });

  it("is read or refused with a message, whatever its index holds", async () => {
    const broken = await mkdtemp(path.join(folder, "fuzz-"));
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom("d-1.5-7.pgm", "r-1.5-7.ppm", "a-1.5-7.dump", "d--1-7.pgm", "r-1e9-1.ppm"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (lines) => {
        await writeFile(path.join(broken, "INDEX.txt"), lines.join("\n"));
        const found = await readRecording(broken).catch((error: Error) => error);
        expect(found instanceof MienError || "pairs" in found).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("is refused with a message, whatever else its device.json holds", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => fromDeviceJson(value, "device.json")).toThrow(MienError);
      }),
    );
  });

  it("has a line of truth for each colour picture", async () => {
    const { readFile } = await import("node:fs/promises");
    const lines = (await readFile(path.join(recording, TRUTH), "utf8")).trim().split("\n");
    expect(lines).toHaveLength(12);
    expect(JSON.parse(lines[6] ?? "")).toMatchObject({
      frame: 6,
      timeMs: 200,
      faces: [{ id: "person 1", kind: "face", picture: "drawn 0", distanceMm: 2000, bendMm: 0 }],
    });
  });
});
