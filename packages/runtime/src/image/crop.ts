import type { RawImage } from "@mien/format";
import type { Box } from "./box.ts";
import type { Picture } from "./picture.ts";

/**
 * Crops a picture. Where the region reaches beyond the picture, the outermost pixels are repeated.
 *
 * @param region in pixels; rounded to whole ones, at least 1×1.
 * @returns uint8 [height, width, 3], as `prepareImages` takes it.
 * @example
 * const face = crop(picture, regionOf(box, EXPRESSION_MARGIN));
 * const { expression } = await classifier.classify(face);
 */
export function crop(picture: Picture, region: Box): RawImage & { readonly data: Uint8Array } {
  const left = Math.round(region[0]);
  const top = Math.round(region[1]);
  const width = Math.max(1, Math.round(region[0] + region[2]) - left);
  const height = Math.max(1, Math.round(region[1] + region[3]) - top);
  const data = new Uint8Array(width * height * 3);
  const { pixels } = picture;
  // Columns from `from` to `to` exist in the picture; those beside them repeat its outermost pixels.
  const from = Math.min(Math.max(-left, 0), width);
  const to = Math.max(Math.min(picture.width - left, width), from);
  for (let y = 0; y < height; y++) {
    const row = Math.min(Math.max(top + y, 0), picture.height - 1) * picture.width;
    const start = y * width * 3;
    data.set(pixels.subarray((row + left + from) * 3, (row + left + to) * 3), start + from * 3);
    if (from > 0) repeatPixel(data.subarray(start, start + from * 3), pixels, row * 3);
    if (to < width) {
      const last = (row + picture.width - 1) * 3;
      repeatPixel(data.subarray(start + to * 3, start + width * 3), pixels, last);
    }
  }
  return { width, height, channels: 3, data };
}

/** Fills a row with one pixel of the source. */
function repeatPixel(row: Uint8Array, source: Picture["pixels"], at: number): void {
  const [red = 0, green = 0, blue = 0] = source.subarray(at, at + 3);
  for (let x = 0; x < row.length; x += 3) {
    row[x] = red;
    row[x + 1] = green;
    row[x + 2] = blue;
  }
}
