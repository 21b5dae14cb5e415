import { MienError } from "@mien/format";
import type { Box } from "./box.ts";
import type { Picture } from "./shrink.ts";

/** @throws {MienError} `bad-image` if a picture is empty or its pixels do not fit its size. */
export function checkPicture(picture: Picture): void {
  const { width, height, pixels } = picture ?? {};
  const isSide = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) > 0;
  if (!isSide(width) || !isSide(height)) {
    throw new MienError(
      "bad-image",
      `expected a picture of at least 1×1 pixels, found ${String(width)}×${String(height)}`,
    );
  }
  if (pixels?.length !== width * height * 3) {
    throw new MienError(
      "bad-image",
      `expected ${width}×${height}×3 values (RGB), found ${pixels?.length ?? "none"}`,
    );
  }
}

/**
 * Cuts a piece out of a picture; beyond its edges, the outermost pixels are repeated.
 *
 * @param region in pixels; rounded to whole ones, at least 1×1.
 * @returns RGB, as `prepareImages` takes it.
 */
export function cut(picture: Picture, region: Box) {
  const left = Math.round(region[0]);
  const top = Math.round(region[1]);
  const width = Math.max(1, Math.round(region[0] + region[2]) - left);
  const height = Math.max(1, Math.round(region[1] + region[3]) - top);
  const data = new Uint8Array(width * height * 3);
  const { pixels } = picture;
  // Columns that exist in the picture: these are copied, those beside them repeat its edge.
  const from = Math.min(Math.max(-left, 0), width);
  const to = Math.max(Math.min(picture.width - left, width), from);
  for (let y = 0; y < height; y++) {
    const row = Math.min(Math.max(top + y, 0), picture.height - 1) * picture.width;
    const start = y * width * 3;
    data.set(pixels.subarray((row + left + from) * 3, (row + left + to) * 3), start + from * 3);
    for (let x = 0; x < from; x++) copyPixel(pixels, row * 3, data, start + x * 3);
    const last = (row + picture.width - 1) * 3;
    for (let x = to; x < width; x++) copyPixel(pixels, last, data, start + x * 3);
  }
  return { width, height, channels: 3 as const, data };
}

function copyPixel(source: Picture["pixels"], at: number, target: Uint8Array, to: number): void {
  target[to] = source[at] as number;
  target[to + 1] = source[at + 1] as number;
  target[to + 2] = source[at + 2] as number;
}
