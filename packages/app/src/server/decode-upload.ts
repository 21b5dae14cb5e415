import { MienError, messageOf } from "@mien/format";
import type { Picture } from "@mien/runtime";
import sharp from "sharp";

/** The largest image, in pixels; larger ones are refused before they are decoded. */
const MAX_PIXELS = 50e6;
const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "heif"];

/**
 * Decodes an uploaded image.
 *
 * @throws {MienError} `bad-image` if it is not an image, is damaged or is too large.
 */
export async function decodeUpload(bytes: Uint8Array): Promise<Picture> {
  const fail = (problem: string) => new MienError("bad-image", `the image ${problem}`);
  if (bytes.length === 0) throw fail("is empty");
  try {
    const image = sharp(bytes, { limitInputPixels: false, failOn: "error" });
    const { format, width, height } = await image.metadata();
    if (!FORMATS.includes(format)) throw fail(`is ${format}, which is not supported`);
    if (width * height > MAX_PIXELS) {
      throw fail(
        `has ${width}×${height} pixels; at most ${MAX_PIXELS / 1e6} megapixels are allowed`,
      );
    }
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const pixels = info.channels === 3 ? data : rgbFromGrey(data);
    return { width: info.width, height: info.height, pixels };
  } catch (error) {
    if (error instanceof MienError) throw error;
    throw fail(`cannot be read (${messageOf(error).split("\n")[0]})`);
  }
}

function rgbFromGrey(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * grey.length);
  grey.forEach((value, i) => rgb.fill(value, 3 * i, 3 * i + 3));
  return rgb;
}
