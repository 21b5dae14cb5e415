import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MienError, messageOf } from "@mien/format";
import type { DecodePicture, PictureFile } from "./decoded-file.ts";
import { fetchPicture } from "./fetch-picture.ts";
import { isNotInstalled } from "../session/is-not-installed.ts";

/** Pictures with more pixels are refused before they are decoded. */
const MAX_PIXELS = 100e6;
/** The formats by sharp's names; `heif` here is AVIF. Vector graphics are refused on purpose. */
const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "heif"];
const KINDS = "JPEG, PNG, WebP, GIF, TIFF or AVIF";

/** In 8-bit sRGB, transparent parts on white. */
export const decodePicture: DecodePicture = async (file) => {
  const { content, path } = await readPictureFile(file);
  const sharp = await loadSharp();
  try {
    const image = sharp(content, { limitInputPixels: MAX_PIXELS, failOn: "error" });
    const { format, hasAlpha } = await image.metadata();
    if (!FORMATS.includes(format)) throw new Error(`it is ${format.toUpperCase()}`);
    const opaque = hasAlpha ? image.flatten({ background: "white" }) : image;
    const { data, info } = await opaque
      .autoOrient()
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const decoded = { width, height, channels: info.channels === 1 ? 1 : 3, data } as const;
    return path === undefined ? decoded : { ...decoded, path };
  } catch (error) {
    const name = path ?? "the picture";
    throw new MienError("bad-image", `${name} cannot be decoded: ${messageOf(error)}`, {
      advice: `Give a picture of the format ${KINDS}.`,
      cause: error,
    });
  }
};

/** @returns the content, and the path if the file was given by path. */
async function readPictureFile(
  file: PictureFile,
): Promise<{ readonly content: Uint8Array; readonly path?: string }> {
  if (file instanceof URL && file.protocol !== "file:") {
    return readPictureFile(await fetchPicture(file));
  }
  if (file instanceof Blob) return { content: new Uint8Array(await file.arrayBuffer()) };
  if (typeof file !== "string" && !(file instanceof URL)) return { content: file };
  const path = file instanceof URL ? fileURLToPath(file) : file;
  try {
    return { content: await readFile(path), path };
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** sharp is an optional package: programs that give pixels do not need it. */
async function loadSharp(): Promise<typeof import("sharp")> {
  try {
    return (await import("sharp")).default;
  } catch (error) {
    const problem = isNotInstalled(error, "sharp") ? "is missing" : "cannot be loaded";
    throw new MienError("environment", `sharp, which decodes picture files, ${problem}`, {
      advice: "Install it: `npm install sharp`. Or give decoded pixels: { width, height, pixels }.",
      cause: error,
    });
  }
}
