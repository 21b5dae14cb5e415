import { MienError, describeValue, isBytes, isSide } from "@mien/format";
import type { Picture } from "./picture.ts";

/** RGBA pixels, uint8 [height, width, 4] row-major. A browser's `ImageData` is one. */
export interface RgbaImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * Converts RGBA pixels, as a canvas gives them, to the RGB picture that a pipeline takes. Alpha is
 * dropped.
 *
 * @param target where to write, uint8 [height, width, 3]; default: new memory. Do not reuse it
 * until the result of the frame is there.
 * @throws {MienError} `bad-image` if the data or the target does not fit the size.
 * @example
 * const image = context.getImageData(0, 0, canvas.width, canvas.height);
 * const { faces } = await pipeline.process(rgbFromRgba(image));
 */
export function rgbFromRgba(image: RgbaImage, target?: Uint8Array): Picture {
  const { width, height, data } = image ?? {};
  const fail = (expected: string, found: string): never => {
    throw new MienError("bad-image", `expected ${expected}, found ${found}`, {
      advice: "Give an ImageData, or { width, height, data } with RGBA bytes.",
    });
  };
  if (!isSide(width) || !isSide(height)) {
    fail("an image of at least 1×1 pixels", `${String(width)}×${String(height)}`);
  }
  if (!isBytes(data) || data.length !== width * height * 4) {
    fail(`data as Uint8ClampedArray of ${width}×${height}×4 values (RGBA)`, describeValue(data));
  }
  const count = width * height;
  const pixels = target ?? new Uint8Array(count * 3);
  if (!isBytes(pixels) || pixels.length !== count * 3) {
    fail(`a target as Uint8Array of ${width}×${height}×3 values`, describeValue(pixels));
  }
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = data[from] ?? 0;
    pixels[to + 1] = data[from + 1] ?? 0;
    pixels[to + 2] = data[from + 2] ?? 0;
  }
  return { width, height, pixels };
}
