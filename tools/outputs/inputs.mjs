// Inputs that steps read and no command of mien writes. They are made from the recording `record-people`
// or from a fixed sequence of numbers, so that they are the same each time.
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { ROOT } from "./workspace.mjs";

/** @param {string} name @returns {string} a model among the packages' test fixtures, below the root. */
export function fixture(name) {
  const found = readdirSync(path.join(ROOT, "packages"))
    .map((folder) => `packages/${folder}/fixtures/${name}`)
    .find((file) => existsSync(path.join(ROOT, file)));
  return found ?? name;
}

/** @param {string} work the working folder. @returns {string[]} the colour images, oldest first. */
function colourImages(work) {
  const folder = path.join(work, "recordings/people");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".ppm"))
    .sort()
    .map((name) => path.join(folder, name));
}

/** Writes four images of the recording, and one without faces, into `pictures/`. @param {string} work */
export async function pictures(work) {
  const folder = path.join(work, "pictures");
  mkdirSync(folder, { recursive: true });
  const files = colourImages(work).filter((_, i) => i % 4 === 0);
  for (const [i, file] of files.slice(0, 4).entries()) {
    const bytes = readFileSync(file);
    const raw = /** @type {const} */ ({ width: 640, height: 480, channels: 3 });
    const pixels = bytes.subarray(bytes.length - 640 * 480 * 3);
    await sharp(pixels, { raw })
      .png()
      .toFile(path.join(folder, `${i}.png`));
  }
  const empty = { width: 320, height: 240, channels: 3, background: "#303840" };
  await sharp({ create: /** @type {import("sharp").Create} */ (empty) })
    .png()
    .toFile(path.join(folder, "nobody.png"));
}

/** Writes `video.avi`, ten images of the recording. @param {string} work */
export function video(work) {
  const images = Buffer.concat(
    colourImages(work)
      .slice(0, 10)
      .map((file) => readFileSync(file)),
  );
  const input = ["-f", "image2pipe", "-framerate", "10", "-c:v", "ppm", "-i", "-"];
  const output = ["-c:v", "mjpeg", "-q:v", "2", "-threads", "1", "-fflags", "+bitexact"];
  const file = path.join(work, "video.avi");
  const args = ["-v", "error", "-y", ...input, ...output, "-flags:v", "+bitexact", file];
  const { status, stderr } = spawnSync("ffmpeg", args, { input: images });
  if (status !== 0) throw new Error(`ffmpeg cannot make ${file}: ${String(stderr)}`);
}

/**
 * Writes five images of a bright square of noise, which the test detector takes for a face.
 *
 * @param {string} folder
 * @param {number} seed
 */
export async function grainyFaces(folder, seed) {
  mkdirSync(folder, { recursive: true });
  let state = seed;
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
  const side = 64;
  const raw = /** @type {const} */ ({ width: side, height: side, channels: 3 });
  for (let i = 0; i < 5; i++) {
    const grain = Uint8Array.from({ length: side * side * 3 }, () => 130 + ((next() >>> 16) % 125));
    const input = await sharp(grain, { raw }).png().toBuffer();
    await sharp({ create: { width: 832, height: 640, channels: 3, background: "#202020" } })
      .composite([{ input, left: 256, top: 192 }])
      .png()
      .toFile(path.join(folder, `${i}.png`));
  }
}

/** Writes `space.json`, a space with one point, so that every sampler draws the same. @param {string} work */
export function oneParameterSpace(work) {
  const space = {
    name: "one",
    description: "One point.",
    fixed: { widths: [8, 8, 16, 16], denseUnits: 32 },
    parameters: { batchSize: { type: "categorical", choices: [32] } },
  };
  writeFileSync(path.join(work, "space.json"), JSON.stringify(space));
}
