import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf } from "@mien/format";
import { sizeOf } from "../graph/array.ts";
import type { FloatTensor } from "../rewrite/quantisation-ranges.ts";
import { loadOptional } from "./optional-module.ts";
import { parseNpy } from "./parse-npy.ts";

/** The largest number of pictures that are read. */
const LIMIT = 512;
const PICTURES = /\.(png|jpe?g|webp|avif|gif|tiff?)$/i;

/** A range of numbers. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/**
 * Reads the samples on which quantisation ranges are measured.
 *
 * @param source a .npy file with an array [N, …], or a folder of pictures.
 * @param model.shape the shape of the model's input without the batch: [height, width, channels] for
 * pictures, with 1 or 3 channels.
 * @param model.range the numbers that black and white become; used for pictures only.
 * @throws {MienError} `missing-file`, `bad-data` or `environment`, which says what to do.
 */
export async function readSamples(
  source: string,
  model: { readonly shape: readonly number[]; readonly range: ValueRange },
): Promise<FloatTensor> {
  const found = await stat(source).catch((error: unknown) => {
    throw new MienError("missing-file", `cannot read ${source}: ${messageOf(error)}`);
  });
  if (!found.isDirectory()) return parseNpy(await readFile(source), source);
  const names = (await readdir(source)).filter((name) => PICTURES.test(name)).sort();
  if (names.length === 0) {
    throw new MienError("bad-data", `${source} holds no pictures, such as .png or .jpg files`);
  }
  const [height = 0, width = 0, channels = 0] = model.shape;
  if (model.shape.length !== 3 || ![1, 3].includes(channels)) {
    throw new MienError(
      "bad-data",
      `pictures fit an input [height, width, 1 or 3], found [${model.shape.join(", ")}]`,
      { advice: "Give a .npy file with an array [N, …] of float32 instead." },
    );
  }
  const sharp = await loadSharp();
  const chosen = names.slice(0, LIMIT);
  const size = sizeOf(model.shape);
  const data = new Float32Array(chosen.length * size);
  const { low, high } = model.range;
  for (const [i, name] of chosen.entries()) {
    const pixels = await decode(sharp, path.join(source, name), { height, width, channels });
    pixels.forEach((pixel, j) => (data[i * size + j] = low + (pixel / 255) * (high - low)));
  }
  return { shape: [chosen.length, ...model.shape], data };
}

/** The part of sharp that decodes a picture. */
type Sharp = (file: string) => Picture;
interface Picture {
  removeAlpha(): Picture;
  toColourspace(space: string): Picture;
  resize(width: number, height: number, options: { fit: "fill" }): Picture;
  raw(): Picture;
  toBuffer(): Promise<Uint8Array>;
}

async function loadSharp(): Promise<Sharp> {
  const loaded = await loadOptional("sharp", "pictures for the quantisation need");
  if ("default" in loaded && isSharp(loaded.default)) return loaded.default;
  throw new MienError("environment", "the installed sharp is not a function");
}

function isSharp(value: unknown): value is Sharp {
  return typeof value === "function";
}

async function decode(
  sharp: Sharp,
  file: string,
  to: { readonly height: number; readonly width: number; readonly channels: number },
): Promise<Uint8Array> {
  const { height, width, channels } = to;
  try {
    return await sharp(file)
      .removeAlpha()
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .resize(width, height, { fit: "fill" })
      .raw()
      .toBuffer();
  } catch (error) {
    throw new MienError("bad-data", `${file} is not a picture: ${messageOf(error)}`);
  }
}
