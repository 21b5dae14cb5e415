import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { decodeImage, readFaces, type FaceTexture } from "@mien/camera";
import type { Picture } from "@mien/runtime";
import sharp from "sharp";

/** Size of the composed scenes. */
export const [WIDTH, HEIGHT] = [640, 480];
/** Size of an ORL picture in pixels, and the face in it. */
const ORL = { width: 92, height: 112, box: [18, 26, 56, 72] } as const;
const PEOPLE_OF_ORL = 40;

/** What scenes are composed of. */
export interface SceneParts {
  /** Heads of photographs and of ORL, each with the box of its face. */
  readonly heads: readonly FaceTexture[];
  /** The heads of photographs alone. */
  readonly photographed: readonly FaceTexture[];
  /** Pictures without faces, 640×480. */
  readonly backgrounds: readonly Picture[];
}

/**
 * Reads the parts of scenes from the folder MIEN_DATA.
 *
 * @throws {MienError} if a picture cannot be read.
 */
export async function readParts(data: string): Promise<SceneParts> {
  const folder = path.join(data, "faces");
  const photographed = await readFaces(folder);
  const backgrounds: Picture[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith("noface_")) backgrounds.push(await readBackground(path.join(folder, name)));
  }
  const orl = await Promise.all(
    Array.from({ length: PEOPLE_OF_ORL }, (_, i) =>
      readOrl(path.join(data, `orl/s${i + 1}/1.pgm`)),
    ),
  );
  return { heads: [...photographed, ...orl], photographed, backgrounds };
}

async function readBackground(file: string): Promise<Picture> {
  const { data, width, height, channels } = await decodeImage(file);
  const pixels = await sharp(data, { raw: { width, height, channels } })
    .toColourspace("srgb")
    .resize(WIDTH, HEIGHT)
    .raw()
    .toBuffer();
  return { width: WIDTH, height: HEIGHT, pixels: new Uint8Array(pixels) };
}

/** Reads an ORL picture: a header, then one grey byte a pixel. */
async function readOrl(file: string): Promise<FaceTexture> {
  const { width, height, box } = ORL;
  const grey = (await readFile(file)).subarray(-width * height);
  const pixels = new Uint8Array(3 * grey.length);
  grey.forEach((value, i) => pixels.fill(value, 3 * i, 3 * i + 3));
  return { name: path.basename(path.dirname(file)), width, height, pixels, box };
}
