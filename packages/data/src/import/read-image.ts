import { contentKind, messageOf, MienError, type RawImage } from "@mien/format";
import type { Sharp } from "sharp";

/** Images with more pixels are refused before they are decoded. */
const MOST_PIXELS = 100e6;
/** The formats by sharp's names; `heif` here is AVIF. Vector graphics are refused on purpose. */
const FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "heif"];
const KINDS = "JPEG, PNG, WebP, GIF, TIFF or AVIF";

/** An image whose header was read, and which is not decoded yet. */
export interface OpenImage {
  /** As stored, before it is turned by its EXIF orientation. */
  readonly pixels: number;
  /**
   * Decodes the image as a viewer shows it: the first frame or page, turned by its EXIF orientation,
   * in 8-bit sRGB, transparent parts on white.
   *
   * @returns an image of 1 or 3 channels.
   * @throws {MienError} `bad-image` if it is damaged or cut off.
   */
  decode(): Promise<RawImage>;
}

/**
 * Reads the header of an image file. The content decides its format, not its name.
 *
 * @throws {MienError} `bad-image` if it is not an image of these formats, or has more than 100
 *   megapixels. The message is the end of a sentence about the file: `is empty (0 bytes)`.
 */
export async function openImage(bytes: Uint8Array): Promise<OpenImage> {
  const fail = (problem: string, cause?: unknown) => new MienError("bad-image", problem, { cause });
  const damaged = (error: unknown) => fail(`is damaged or cut off (${reasonOf(error)})`, error);
  if (bytes.length === 0) throw fail("is empty (0 bytes)");
  const { default: sharp } = await import("sharp");
  const image = sharp(bytes, { limitInputPixels: false, failOn: "error" });
  const { format, width, height, hasAlpha } = await image.metadata().catch((error: unknown) => {
    const isUnknown = /unsupported image format/.test(messageOf(error));
    throw isUnknown ? fail(foreign(bytes), error) : damaged(error);
  });
  if (isHeic(bytes)) throw fail("is HEIC; save it as JPEG");
  if (!FORMATS.includes(format)) throw fail(`is ${format.toUpperCase()}; expected ${KINDS}`);
  const pixels = width * height;
  if (pixels > MOST_PIXELS) {
    throw fail(`has ${width}×${height} pixels; at most ${MOST_PIXELS / 1e6} megapixels are read`);
  }
  const decode = () =>
    decodeAsShown(image, hasAlpha).catch((error: unknown) => {
      throw damaged(error);
    });
  return { pixels, decode };
}

async function decodeAsShown(image: Sharp, hasAlpha: boolean): Promise<RawImage> {
  const opaque = hasAlpha ? image.flatten({ background: "white" }) : image;
  const { data, info } = await opaque
    .autoOrient()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels === 1 ? 1 : 3, data };
}

/** What a file is that no decoder recognises. */
function foreign(bytes: Uint8Array): string {
  if (isHeic(bytes)) return "is HEIC; save it as JPEG";
  if (latin1(bytes.subarray(0, 2)) === "BM") return "is BMP; save it as PNG";
  const kind = contentKind(bytes);
  return kind === undefined ? `is no ${KINDS} image, or is cut off` : `is ${kind.name}, no image`;
}

/** HEIC, which phones write, has the container of AVIF, but a patented codec, which sharp lacks. */
function isHeic(bytes: Uint8Array): boolean {
  return /^ftyp(hei[cmsx]|hev[cx])$/.test(latin1(bytes.subarray(4, 12)));
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** The last line of a decoder's message, which says what is wrong. */
function reasonOf(error: unknown): string {
  const lines = messageOf(error).split("\n");
  return (lines.filter((line) => /[a-z]/i.test(line)).at(-1) ?? "").trim();
}
