import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "./open-source.ts";
import { makeVideo, withoutFfmpeg } from "./testing/tools.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-square-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(withoutFfmpeg)("a film", () => {
  it.each([
    ["square pixels", "64x48", "1/1", "yuv420p", [64, 48]],
    ["pixels of no stated shape", "64x48", "0/1", "yuv420p", [64, 48]],
    ["the pixels of DV, 4:3", "72x58", "16/15", "yuv420p", [77, 58]],
    ["the pixels of DV, 16:9", "72x58", "64/45", "yuv420p", [102, 58]],
    ["the pixels of American DV", "72x48", "8/9", "yuv420p", [64, 48]],
    ["the pixels of HDV", "144x108", "4/3", "yuv420p", [192, 108]],
    ["an impossible shape of pixels", "64x48", "100/1", "yuv420p", [64, 48]],
    ["odd sides", "63x47", "1/1", "yuv444p", [63, 47]],
    ["10 bits", "64x48", "4/3", "yuv420p10le", [85, 48]],
    ["grey", "64x48", "4/3", "gray", [85, 48]],
    ["transparency", "64x48", "4/3", "yuva420p", [85, 48]],
  ])("with %s is read with square pixels", async (title, size, sar, format, sides) => {
    const file = makeVideo(path.join(folder, `${title.replaceAll(/\W/g, "")}.mkv`), [
      ...["-f", "lavfi", "-i", `testsrc=size=${size}:rate=30`, "-t", "0.1"],
      ...["-vf", `setsar=${sar}`, "-pix_fmt", format, "-c:v", "ffv1"],
    ]);
    const source = await openSource(file);
    expect([source.width, source.height]).toEqual(sides);
    let frames = 0;
    for await (const { width, height, pixels } of source.frames()) {
      expect([width, height, pixels.length]).toEqual([...sides, width * height * 3]);
      frames++;
    }
    expect(frames).toBe(3);
  });
});

describe.skipIf(withoutFfmpeg)("a file:// address", () => {
  it.each(["a%20b.mkv", "a b.mkv"])("%s names the file a b.mkv", async (name) => {
    makeVideo(path.join(folder, "a b.mkv"), [
      ...["-f", "lavfi", "-i", "testsrc=size=64x48:rate=30", "-t", "0.1"],
    ]);
    const source = await openSource(`file://${folder}/${name}`);
    expect(source.width).toBe(64);
    await source.close();
  });
});
