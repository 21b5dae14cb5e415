import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutFfmpeg } from "@mien/camera/testing/tools";
import { VideoFile } from "./video-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-video-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(withoutFfmpeg)("a video file", () => {
  it("that cannot be written fails with ffmpeg's reason, also while frames wait for it", async () => {
    const file = path.join(folder, "film.mp4");
    // A rate that ffmpeg refuses.
    const video = await VideoFile.create(file, { width: 640, height: 480, framesPerSecond: NaN });
    const frame = new Uint8ClampedArray(640 * 480 * 4);
    const writing = (async () => {
      for (let i = 0; i < 100; i++) await video.add(frame);
      await video.finish();
    })();
    await expect(writing).rejects.toMatchObject({
      code: "environment",
      message: expect.stringMatching(/^ffmpeg cannot write .*film\.mp4: .*pipe:0: \w/) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });
});
