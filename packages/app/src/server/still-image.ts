import { MienError, messageOf } from "@mien/format";
import type { Picture } from "@mien/runtime";
import sharp from "sharp";

/** Larger images are refused before they are unpacked. */
const MAX_PIXELS = 50e6;
const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "heif"];

/**
 * Decodes an image that somebody sent.
 *
 * @throws {MienError} `bad-image` if it is none, is damaged, or would be too large.
 */
export async function decodeUpload(bytes: Uint8Array): Promise<Picture> {
  const fail = (problem: string) => new MienError("bad-image", `the image ${problem}`);
  if (bytes.length === 0) throw fail("is empty");
  try {
    const image = sharp(bytes, { limitInputPixels: false, failOn: "error" });
    const { format, width, height } = await image.metadata();
    if (!FORMATS.includes(format)) throw fail(`is ${format}, which is not read`);
    if (width * height > MAX_PIXELS) {
      throw fail(`has ${width}×${height} pixels; at most ${MAX_PIXELS / 1e6} megapixels are read`);
    }
    const { data, info } = await image
      .autoOrient()
      .flatten({ background: "white" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const pixels =
      info.channels === 3
        ? data
        : Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)] as number);
    return { width: info.width, height: info.height, pixels };
  } catch (error) {
    if (error instanceof MienError) throw error;
    throw fail(`cannot be read (${messageOf(error).split("\n")[0]})`);
  }
}
