import { MienError } from "@mien/format";
import { rgbFromRgba } from "@mien/runtime";
import { CAMERA_HEADER, readCameraHeader, type CameraHeader } from "@mien/web";

/** Fractional bits of the fixed-point colour arithmetic. */
const SHIFT = 16;
const HALF = 1 << (SHIFT - 1);

/** How much full-range chroma adds to red, green and blue, by ITU-R BT.601 and BT.709. */
const BT601 = { redV: 1.402, greenU: -0.344136, greenV: -0.714136, blueU: 1.772 };
const BT709 = { redV: 1.5748, greenU: -0.187324, greenV: -0.468124, blueU: 1.8556 };

/** A picture of a page's camera. */
export interface CameraPicture {
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [height, width, 3] row-major. */
  readonly pixels: Uint8Array;
  /** The page's own number of the picture. */
  readonly number: number;
}

/**
 * Decodes a picture of a page's camera.
 *
 * @param bytes a `CameraHeader` and pixels, as the page sent them.
 * @throws {MienError} `bad-image` if it is not such a picture.
 */
export function readCameraPicture(bytes: Uint8Array): CameraPicture {
  const header = readCameraHeader(bytes);
  if (header === undefined) throw new MienError("bad-image", "a page sent a malformed picture");
  const { width, height, number } = header;
  const data = bytes.subarray(CAMERA_HEADER);
  if (header.format !== "RGBA") {
    return { width, height, pixels: rgbFromYuv(data, header), number };
  }
  const pixels = new Uint8Array(3 * width * height);
  rgbFromRgba({ width, height, data }, pixels);
  return { width, height, pixels, number };
}

/** Four pixels share a pair of chroma values: two planes of them in I420, interleaved in NV12. */
function rgbFromYuv(data: Uint8Array, header: CameraHeader): Uint8Array {
  const { width, height, format, fullRange } = header;
  const { redV, greenU, greenV, blueU } = header.bt709 ? BT709 : BT601;
  const black = fullRange ? 0 : 16;
  const lumaScale = (fullRange ? 1 : 255 / 219) * 2 ** SHIFT;
  const chromaScale = (fullRange ? 1 : 255 / 224) * 2 ** SHIFT;
  const table = (factor: number, zero: number) =>
    Int32Array.from({ length: 256 }, (_, i) => Math.round(factor * (i - zero)));
  // Half a unit is added here, so that shifting rounds.
  const greys = table(lumaScale, black).map((value) => value + HALF);
  const reds = table(redV * chromaScale, 128);
  const greensU = table(greenU * chromaScale, 128);
  const greensV = table(greenV * chromaScale, 128);
  const blues = table(blueU * chromaScale, 128);
  const isPlanar = format === "I420";
  const step = isPlanar ? 1 : 2;
  const uPlane = width * height;
  const vPlane = isPlanar ? uPlane + uPlane / 4 : uPlane + 1;
  const rgb = new Uint8ClampedArray(width * height * 3);
  for (let y = 0; y < height; y += 2) {
    let chroma = step * (y >> 1) * (width >> 1);
    let upper = y * width;
    const end = upper + width;
    for (; upper < end; upper += 2, chroma += step) {
      const u = data[uPlane + chroma] ?? 0;
      const v = data[vPlane + chroma] ?? 0;
      const red = reds[v] ?? 0;
      const green = (greensU[u] ?? 0) + (greensV[v] ?? 0);
      const blue = blues[u] ?? 0;
      const lower = upper + width;
      // Not a function per pixel, since this loop is the largest cost of a page's camera.
      let grey = greys[data[upper] ?? 0] ?? 0;
      let to = 3 * upper;
      rgb[to] = (grey + red) >> SHIFT;
      rgb[to + 1] = (grey + green) >> SHIFT;
      rgb[to + 2] = (grey + blue) >> SHIFT;
      grey = greys[data[upper + 1] ?? 0] ?? 0;
      rgb[to + 3] = (grey + red) >> SHIFT;
      rgb[to + 4] = (grey + green) >> SHIFT;
      rgb[to + 5] = (grey + blue) >> SHIFT;
      grey = greys[data[lower] ?? 0] ?? 0;
      to = 3 * lower;
      rgb[to] = (grey + red) >> SHIFT;
      rgb[to + 1] = (grey + green) >> SHIFT;
      rgb[to + 2] = (grey + blue) >> SHIFT;
      grey = greys[data[lower + 1] ?? 0] ?? 0;
      rgb[to + 3] = (grey + red) >> SHIFT;
      rgb[to + 4] = (grey + green) >> SHIFT;
      rgb[to + 5] = (grey + blue) >> SHIFT;
    }
  }
  return new Uint8Array(rgb.buffer);
}
