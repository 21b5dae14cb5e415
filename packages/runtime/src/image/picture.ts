import { MienError, describeValue, isArrayOf, isBytes, isSide, type DepthMap } from "@mien/format";
import type { Box } from "./box.ts";
import type { FrameInput } from "../pipeline.ts";
import type { Picture } from "./shrink.ts";

/**
 * @throws {MienError} `bad-image` if a picture is empty, or its pixels are not bytes or do not fit its
 * size.
 */
export function checkPicture(picture: Picture): void {
  const { width, height, pixels } = picture ?? {};
  if (!isSide(width) || !isSide(height)) {
    throw new MienError(
      "bad-image",
      `expected a picture of at least 1×1 pixels, found ${String(width)}×${String(height)}`,
    );
  }
  if (isBytes(pixels) && pixels.length === width * height * 3) return;
  // What people give instead: a canvas's ImageData, or the RGBA bytes in it.
  const { data } = picture as { readonly data?: unknown };
  const isRgba = [pixels, data].some((one) => isBytes(one) && one.length === width * height * 4);
  throw new MienError(
    "bad-image",
    `expected pixels as Uint8Array or Uint8ClampedArray of ${width}×${height}×3 values (RGB), ` +
      `found ${describeValue(pixels)}`,
    isRgba
      ? { advice: "These look like RGBA pixels: convert them with rgbFromRgba." }
      : { advice: "Give { width, height, pixels } with one byte for each of red, green and blue." },
  );
}

/**
 * Checks the depth of a frame.
 *
 * @throws {MienError} `bad-image` if its size, its values or its focal length are impossible.
 */
export function checkDepth(depth: DepthMap): void {
  const { width, height, millimetres, focalLength } = depth ?? {};
  const fail = (expected: string, found: string): never => {
    throw new MienError("bad-image", `expected a depth map with ${expected}, found ${found}`);
  };
  if (!isSide(width) || !isSide(height)) {
    fail("at least 1×1 values", `${String(width)}×${String(height)}`);
  }
  if (!isArrayOf(millimetres, "Uint16Array") || millimetres.length !== width * height) {
    fail(`millimetres as Uint16Array of ${width}×${height} values`, describeValue(millimetres));
  }
  if (!(Number.isFinite(focalLength) && focalLength > 0)) {
    fail("a focalLength above 0 pixels", describeValue(focalLength));
  }
}

/**
 * Checks everything that a frame says, except its path.
 *
 * @throws {MienError} `bad-image` if the picture or the depth is impossible, or the index or the time
 * is not a finite number.
 */
export function checkFrame(frame: FrameInput): void {
  checkPicture(frame);
  for (const name of ["index", "timeMs"] as const) {
    const value: unknown = frame[name];
    if (value === undefined || Number.isFinite(value)) continue;
    throw new MienError(
      "bad-image",
      `expected the frame's ${name} to be a finite number, found ${describeValue(value)}`,
    );
  }
  if (frame.depth !== undefined) checkDepth(frame.depth);
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
