import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { MienError, messageOf } from "@mien/format";
import type { Picture } from "@mien/runtime";
import sharp from "sharp";
import { findFfmpeg } from "@mien/camera";

/** Length of the films in seconds; the last frame is followed by the first without a jump. */
const PERIOD = 4;
const FILM_SIZE = { width: 640, height: 480 } as const;
/** Distance that the camera pans to each side, in pixels. */
const PAN = 32;

/** Size of the picture that the films pan over. */
export const SCENE_SIZE = {
  width: FILM_SIZE.width + 2 * PAN,
  height: FILM_SIZE.height + 2 * PAN,
} as const;

/**
 * Makes films of 640×480 pixels and 30 frames a second that pan over a picture.
 *
 * @param scene of `SCENE_SIZE`.
 * @returns `film`: a file for `--source`; `camera`: the same film in the format that Chromium plays as
 * its camera; `still`: the picture as JPEG in the size of the films.
 */
export async function makeFilms(
  folder: string,
  { width, height, pixels }: Picture,
): Promise<{ film: string; camera: string; still: Buffer }> {
  await mkdir(folder, { recursive: true });
  const picture = path.resolve(folder, "scene.png");
  const raw = sharp(pixels, { raw: { width, height, channels: 3 } });
  await raw.png().toFile(picture);
  const turn = `2*PI*t/${PERIOD}`;
  const pan =
    `crop=${FILM_SIZE.width}:${FILM_SIZE.height}:` +
    `x='${PAN}+${PAN}*sin(${turn})':y='${PAN}+${PAN}*cos(${turn})'`;
  const { program } = await findFfmpeg();
  const make = async (name: string, ...flags: string[]) => {
    const file = path.resolve(folder, name);
    const input = ["-v", "error", "-y", "-loop", "1", "-framerate", "30", "-i", picture];
    const output = ["-t", String(PERIOD), "-vf", pan, "-pix_fmt", "yuv420p", ...flags, file];
    await promisify(execFile)(program, [...input, ...output]).catch((error: unknown) => {
      throw new MienError("environment", `ffmpeg failed: ${messageOf(error)}`);
    });
    return file;
  };
  return {
    film: await make("film.mp4"),
    camera: await make("camera.y4m"),
    still: await raw.resize(FILM_SIZE.width, FILM_SIZE.height).jpeg().toBuffer(),
  };
}
