import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { readJson } from "@mien/cli";
import { MienError, random } from "@mien/format";
import { loadSharp } from "../system/load-sharp.ts";
import { onDisk } from "../system/file-names.ts";
import { decodeImage } from "../images/decode-image.ts";
import { findImages } from "../images/find-images.ts";

/**
 * Width and height of the face on a head or a print, and how far its centre is below the centre of the
 * head, in metres.
 */
export const FACE = { width: 0.14, height: 0.18, below: 0.01 } as const;

/** A picture of one face, which is projected onto heads and prints. */
export interface FaceTexture {
  /** File name, or `drawn N`. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [height, width, 3]. */
  readonly pixels: Uint8Array;
  /** [x, y, width, height] of the face, ear to ear and brow to chin, in pixels. */
  readonly box: readonly [number, number, number, number];
}

/** Name of the file that holds the places of the faces in a folder's images. */
const BOXES = "boxes.json";
/** Width to which faces are scaled, in pixels: the width of a face that is nearest to the camera. */
const BOX_WIDTH = 120;
/** The box of the face in a picture that is cropped to one head, as shares of the picture's size. */
const CROPPED_BOX = { x: 0.15, y: 0.18, width: 0.7, height: 0.74 } as const;

/**
 * Reads the faces in the images of a folder. If the folder has a `boxes.json`, this file contains the
 * boxes of the faces in pixels, `{ "name.jpg": [[x, y, width, height], …] }`, and images that it does
 * not name are left out. Otherwise each image is expected to be cropped to one head.
 *
 * @throws {MienError} if there is no image, one cannot be read, or `boxes.json` is damaged.
 */
export async function readFaces(folder: string): Promise<FaceTexture[]> {
  const { images } = await findImages(folder);
  const boxes = await readBoxes(path.join(folder, BOXES));
  const faces: FaceTexture[] = [];
  for (const file of images) {
    const name = path.basename(file);
    const { width, height } =
      boxes === undefined ? await decodeImage(file) : { width: 0, height: 0 };
    const found = boxes?.[name] ?? (boxes === undefined ? [croppedBox(width, height)] : []);
    for (const box of found) faces.push(await toTexture(file, name, box));
  }
  if (faces.length > 0) return faces;
  throw new MienError("bad-data", `${folder}/boxes.json names no face in any image of the folder`);
}

/**
 * SHA-256 of everything that `readFaces` reads from a folder, in hexadecimal digits.
 *
 * @throws {MienError} if there is no image.
 */
export async function hashFaces(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const boxes = path.join(folder, BOXES);
  const { images } = await findImages(folder);
  for (const file of [...images, ...(existsSync(boxes) ? [boxes] : [])]) {
    const content = await readFile(onDisk(file));
    hash.update(`${path.basename(file)}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function croppedBox(width: number, height: number): FaceTexture["box"] {
  const { x, y, width: w, height: h } = CROPPED_BOX;
  return [x * width, y * height, w * width, h * height];
}

async function readBoxes(file: string): Promise<Record<string, FaceTexture["box"][]> | undefined> {
  if (!existsSync(file)) return undefined;
  const isBox = (box: unknown) =>
    Array.isArray(box) &&
    box.length === 4 &&
    box.every((n) => Number.isFinite(n)) &&
    box[2] > 0 &&
    box[3] > 0;
  const isBoxes = (content: unknown): content is Record<string, FaceTexture["box"][]> =>
    typeof content === "object" &&
    content !== null &&
    Object.values(content).every((list) => Array.isArray(list) && list.every(isBox));
  const boxes = await readJson(file);
  if (isBoxes(boxes)) return boxes;
  throw new MienError("bad-data", `${file} must be {"name.jpg": [[x, y, width, height], …], …}`, {
    advice: "Numbers are pixels of the image; width and height are more than 0.",
  });
}

/** Reads a picture and scales it so that the face is `BOX_WIDTH` pixels wide. */
async function toTexture(
  file: string,
  name: string,
  box: FaceTexture["box"],
): Promise<FaceTexture> {
  const { width, height, channels, data } = await decodeImage(file);
  const scale = BOX_WIDTH / box[2];
  const sharp = await loadSharp();
  const { data: pixels, info } = await sharp(data, { raw: { width, height, channels } })
    .toColourspace("srgb")
    .resize(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)), {
      fit: "fill",
    })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const [x, y, boxWidth, boxHeight] = box;
  return {
    name,
    width: info.width,
    height: info.height,
    pixels,
    box: [x * scale, y * scale, boxWidth * scale, boxHeight * scale],
  };
}

/** Draws cartoon faces; detectors that were trained on photographs do not detect them. */
export async function drawFaces(count: number, seed: number): Promise<FaceTexture[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => drawFace(i, seed)));
}

async function drawFace(number: number, seed: number): Promise<FaceTexture> {
  const chance = random("drawn face", seed, number);
  const skin = ["#f1c9a5", "#e0ac83", "#c68642", "#8d5524", "#ffdbb4"][chance.integer(5)] ?? "";
  const hair = ["#2b1b10", "#5a3a1a", "#111", "#a5682a", "#777"][chance.integer(5)] ?? "";
  const eye = chance.between(24, 30);
  const smile = chance.between(-8, 14);
  // Units are millimetres from the centre of the head; 1 mm is slightly less than a pixel.
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-120 -150 240 320"
    width="${(240 * BOX_WIDTH) / 140}" height="${(320 * BOX_WIDTH) / 140}">
    <rect x="-120" y="-150" width="240" height="320" fill="#9fb4c4"/>
    <ellipse cx="0" cy="-8" rx="92" ry="126" fill="${hair}"/>
    <ellipse cx="0" cy="14" rx="78" ry="106" fill="${skin}"/>
    ${[-1, 1]
      .map(
        (side) => `<ellipse cx="${side * 33}" cy="-12" rx="15" ry="9" fill="white"/>
        <circle cx="${side * 33}" cy="-12" r="7.5" fill="#222"/>
        <path d="M ${side * 33 - 18} ${-eye - 6} q 18 -10 36 0" stroke="${hair}"
          stroke-width="6" fill="none"/>`,
      )
      .join("")}
    <path d="M 0 0 l -11 36 q 11 8 22 0" stroke="#0004" stroke-width="4" fill="none"/>
    <path d="M -28 66 q 28 ${smile} 56 0" stroke="#a33" stroke-width="8" fill="none"/>
  </svg>`;
  const sharp = await loadSharp();
  const { data, info } = await sharp(Buffer.from(svg))
    .flatten()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const scale = info.width / 240;
  const top = -0.5 * FACE.height * 1000 + FACE.below * 1000;
  return {
    name: `drawn ${number}`,
    width: info.width,
    height: info.height,
    pixels: new Uint8Array(data.buffer, data.byteOffset, data.length),
    box: [50 * scale, (top + 150) * scale, 140 * scale, 180 * scale],
  };
}
