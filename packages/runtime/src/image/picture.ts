import {
  MienError,
  describeValue,
  isArrayOf,
  isBytes,
  isSide,
  type DepthMap,
  type Frame,
} from "@mien/format";

/** RGB pixels, uint8 [height, width, 3] row-major. A `Frame` is one. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array | Uint8ClampedArray;
}

/**
 * A frame; only the picture is required. Without an index, the pipeline counts frames from 0;
 * without a time, it takes the time since it was opened.
 */
export type FrameInput = Picture & Partial<Omit<Frame, keyof Picture>>;

/**
 * Checks the size and the pixels of a picture.
 *
 * @throws {MienError} `bad-image` if the picture is empty, or its pixels are not bytes or do not fit
 * its size.
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
  // Frequent mistakes: a canvas's ImageData, or the RGBA bytes in it.
  const data = "data" in picture ? picture.data : undefined;
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

function checkDepth(depth: DepthMap): void {
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
 * Checks everything in a frame except its path.
 *
 * @throws {MienError} `bad-image` if the picture or the depth map is impossible, or the index or the
 * time is not a finite number.
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
