import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { findFfmpeg } from "@mien/camera";
import { FaceDetector, type Picture } from "@mien/runtime";
import sharp from "sharp";
import type { Crop } from "../../people/crop-features.ts";
import { makeFilms } from "../live/panning-films.ts";

/** Number of times that the film of `makeFilms`, which lasts 4 seconds, is repeated. */
const REPEATS = 10;
/** Sizes of the pictures of the person, as shares of the scene. */
const SCALES = [1, 0.9, 0.8, 0.7] as const;

/**
 * Makes a film of 40 seconds that shows a person, and pictures to enrol the person from.
 *
 * @param scene of `SCENE_SIZE`, with one face.
 * @param detector file of the face detector.
 */
export async function filmOfPerson(
  folder: string,
  scene: Picture,
  detector: string,
): Promise<{ readonly film: string; readonly crops: readonly Crop[] }> {
  const { film: short } = await makeFilms(folder, scene);
  const film = path.join(folder, "long.mp4");
  const { program } = await findFfmpeg();
  const repeat = ["-v", "error", "-y", "-stream_loop", String(REPEATS - 1), "-i", short];
  await promisify(execFile)(program, [...repeat, "-c", "copy", film]);
  const { width, height, pixels } = scene;
  const raw = { width, height, channels: 3 } as const;
  const finder = await FaceDetector.open(detector);
  const crops: Crop[] = [];
  try {
    for (const scale of SCALES) {
      const resized = await sharp(pixels, { raw })
        .resize(Math.round(width * scale), Math.round(height * scale))
        .jpeg({ quality: 90 })
        .toBuffer();
      const { data, info } = await sharp(resized).raw().toBuffer({ resolveWithObject: true });
      const picture = { width: info.width, height: info.height, pixels: new Uint8Array(data) };
      const [face] = await finder.detect(picture);
      if (face !== undefined) crops.push({ jpeg: resized, box: face.box });
    }
  } finally {
    await finder.close();
  }
  return { film, crops };
}
