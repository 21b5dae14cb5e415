import { readFile } from "node:fs/promises";
import { MienError, messageOf, type RawImage } from "@mien/format";
import { loadSharp } from "../system/load-sharp.ts";
import { onDisk } from "../system/file-names.ts";

/** Images with more pixels are refused before they are decoded. */
const MAX_PIXELS = 100e6;
/** The formats by sharp's names; `heif` here is AVIF. Vector graphics are refused on purpose. */
const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "heif"];
const KINDS = "JPEG, PNG, WebP, GIF, TIFF or AVIF";

/**
 * Reads and decodes an image file: JPEG, PNG, WebP, GIF (its first frame), TIFF (its first page)
 * or AVIF, recognised by content, not by name.
 *
 * The result is what a viewer shows: rotated by its EXIF orientation, in 8-bit sRGB (converted from
 * CMYK, 16 bits or an embedded profile), transparent parts on white.
 *
 * @param file a path as `shownName` writes it.
 * @returns an image of 1 or 3 channels.
 * @throws {MienError} `missing-file` if it cannot be read; `bad-image` if it is not an image of these
 * formats, is damaged or cut off, or has more than 100 megapixels.
 */
export async function decodeImage(file: string): Promise<RawImage> {
  const bytes = await readFile(onDisk(file)).catch((error: unknown) => {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  const fail = (problem: string, cause?: unknown): MienError =>
    new MienError("bad-image", `${file} ${problem}`, { cause });
  if (bytes.length === 0) throw fail("is empty (0 bytes)");
  if (isHeic(bytes)) throw fail("is HEIC, which cannot be read; save it as JPEG");
  const sharp = await loadSharp();
  const image = sharp(bytes, { limitInputPixels: false, failOn: "error" });
  const { format, width, height, hasAlpha } = await image.metadata().catch((error: unknown) => {
    if (/unsupported image format/.test(messageOf(error))) {
      throw fail(`is no ${KINDS} image, or is cut off`, error);
    }
    throw fail(`is damaged or cut off (${reasonOf(error)})`, error);
  });
  if (!FORMATS.includes(format)) {
    throw fail(`is ${format.toUpperCase()}; only ${KINDS} can be read`);
  }
  if (width * height > MAX_PIXELS) {
    throw fail(`has ${width}×${height} pixels; at most ${MAX_PIXELS / 1e6} megapixels can be read`);
  }
  try {
    const opaque = hasAlpha ? image.flatten({ background: "white" }) : image;
    const { data, info } = await opaque
      .autoOrient()
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: info.channels === 1 ? 1 : 3, data };
  } catch (error) {
    throw fail(`is damaged or cut off (${reasonOf(error)})`, error);
  }
}

/** HEIC, which phones write, has the container of AVIF, but a patented codec, which sharp lacks. */
function isHeic(bytes: Uint8Array): boolean {
  const start = new TextDecoder("latin1").decode(bytes.subarray(4, 12));
  return /^ftyp(hei[cmsx]|hev[cx])$/.test(start);
}

/** The last line of a decoder's message, which says what is wrong. */
function reasonOf(error: unknown): string {
  const lines = messageOf(error).split("\n");
  return (lines.filter((line) => /[a-z]/i.test(line)).at(-1) ?? "").trim();
}
