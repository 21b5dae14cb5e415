import type { DepthMap } from "@mien/format";
import type { Picture } from "@mien/runtime";
import sharp from "sharp";

/** Quality of the pictures that pages are shown, 1–100. */
const QUALITY = 80;
/** What is farther looks the same, in millimetres. */
const FAR = 4000;

/** RGB as JPEG. */
export function toJpeg({ width, height, pixels }: Picture): Promise<Buffer> {
  const raw = { width, height, channels: 3 as const };
  return sharp(pixels, { raw }).jpeg({ quality: QUALITY }).toBuffer();
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
