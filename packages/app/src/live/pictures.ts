import { MienError, messageOf, type DepthMap } from "@mien/format";
import type { Picture } from "@mien/runtime";
import sharp from "sharp";

/** Quality of the pictures that pages are shown, 1–100. */
const QUALITY = 80;
/** What is farther looks the same, in millimetres. */
const FAR = 4000;
/** No camera of a page is larger. */
const MAX_PIXELS = 4096 * 2304;

/** RGB as JPEG. */
export function toJpeg({ width, height, pixels }: Picture): Promise<Buffer> {
  const raw = { width, height, channels: 3 as const };
  return sharp(pixels, { raw }).jpeg({ quality: QUALITY }).toBuffer();
}

/**
 * A JPEG that a page sent.
 *
 * @throws {MienError} `bad-image` if it is none, is damaged, or has more pixels than any camera.
 */
export async function fromJpeg(bytes: Uint8Array): Promise<Picture> {
  try {
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8) throw new Error("no JPEG");
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "error" })
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`${info.channels} channels`);
    return { width: info.width, height: info.height, pixels: data };
  } catch (error) {
    throw new MienError("bad-image", `a page sent a picture that is none: ${messageOf(error)}`);
  }
}

/** Depth as a JPEG at half size: near is light, far is dark, unknown is black. */
export function depthToJpeg({ width, height, millimetres }: DepthMap): Promise<Buffer> {
  const w = width >> 1;
  const h = height >> 1;
  const grey = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const mm = millimetres[2 * y * width + 2 * x] as number;
      grey[y * w + x] = mm === 0 ? 0 : 32 + 223 * (1 - Math.min(mm, FAR) / FAR);
    }
  }
  return sharp(grey, { raw: { width: w, height: h, channels: 1 } })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}
