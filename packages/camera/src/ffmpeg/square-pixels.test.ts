import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Frame } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "../open-source.ts";
import { makeVideo, withoutFfmpeg } from "../testing/tools.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-square-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(withoutFfmpeg)("a video", () => {
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
  ])("with %s is read with square pixels", async (...[title, size, sar, format, sides]) => {
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

/**
 * Sets the rotation of an MP4 film's picture in players: the upper left part of the track header's
 * matrix, as phones write it for portrait films. Does not use ffmpeg, whose flag for it changed in
 * version 6.
 */
async function turn(file: string, matrix: readonly [number, number, number, number]) {
  const bytes = await readFile(file);
  const header = bytes.indexOf("tkhd") + 4;
  const [a, b, c, d] = matrix.map((value) => value * 0x10000) as [number, number, number, number];
  const values = [a, b, 0, c, d, 0];
  values.forEach((value, index) => bytes.writeInt32BE(value, header + 40 + 4 * index));
  await writeFile(file, bytes);
}

describe.skipIf(withoutFfmpeg)("a video with rotation metadata", () => {
  const turns = [
    ["for a quarter turn clockwise", [0, 1, -1, 0], "top"],
    ["for a half turn", [-1, 0, 0, -1], "right"],
    ["for a quarter turn anticlockwise", [0, -1, 1, 0], "bottom"],
    ["for no turn", [1, 0, 0, 1], "left"],
  ] as const;
  const shapes = [
    ["square pixels", "1/1", [72, 48]],
    ["anamorphic pixels", "4/3", [96, 48]],
  ] as const;
  const cases = turns.flatMap((turned) => shapes.map((shape) => [...turned, ...shape] as const));

  it.each(cases)("%s (%j: bright at the %s) with %s is read upright", async (...given) => {
    const [title, matrix, brightSide, , sar, [shownWidth, height]] = given;
    const name = `${title} ${sar}`.replaceAll(/\W/g, "");
    // The stored picture is bright on its left.
    const film = makeVideo(path.join(folder, `${name}.mp4`), [
      ...["-f", "lavfi", "-i", "color=black:s=72x48:r=30", "-t", "0.1", "-pix_fmt", "yuv420p"],
      ...["-vf", `drawbox=w=36:h=48:color=white:t=fill,setsar=${sar}`],
    ]);
    await turn(film, matrix);
    const source = await openSource(film);
    const { value: frame } = (await source.frames().next()) as { value: Frame };
    await source.close();
    // In a rotated film, width and height are exchanged; the new width is scaled, the height stays.
    const isPortrait = matrix[0] === 0;
    const sides = isPortrait ? [Math.round(48 * (72 / shownWidth)), 72] : [shownWidth, height];
    expect([frame.width, frame.height]).toEqual(sides);
    expect([source.width, source.height]).toEqual(sides);
    const at = (x: number, y: number) =>
      frame.pixels[3 * (Math.floor(y * frame.height) * frame.width + Math.floor(x * frame.width))];
    const light = {
      left: at(0.1, 0.5),
      right: at(0.9, 0.5),
      top: at(0.5, 0.1),
      bottom: at(0.5, 0.9),
    };
    expect(light[brightSide]).toBeGreaterThan(200);
    const opposite = { left: "right", right: "left", top: "bottom", bottom: "top" } as const;
    expect(light[opposite[brightSide]]).toBeLessThan(50);
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
