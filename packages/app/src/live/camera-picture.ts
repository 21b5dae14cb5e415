import { MienError } from "@mien/format";
import { CAMERA_HEADER, readCameraHeader, type CameraHeader } from "@mien/web";

/** Fractions of colour arithmetic, in bits. */
const SHIFT = 16;
const HALF = 1 << (SHIFT - 1);

/** How chroma adds to red, green and blue, of full range, by ITU-R BT.601 and BT.709. */
const BT601 = { redV: 1.402, greenU: -0.344136, greenV: -0.714136, blueU: 1.772 };
const BT709 = { redV: 1.5748, greenU: -0.187324, greenV: -0.468124, blueU: 1.8556 };

/** A picture of a page's camera. */
export interface CameraPicture {
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [height, width, 3] row-major. */
  readonly pixels: Uint8Array;
  /** The page's own. */
  readonly number: number;
}

/**
 * Reads a picture of a page's camera.
 *
 * @param bytes a `CameraHeader` and pixels, as the page sent them.
 * @throws {MienError} `bad-image` if it is none.
 */
export function fromCamera(bytes: Uint8Array): CameraPicture {
  const header = readCameraHeader(bytes);
  if (header === undefined) throw new MienError("bad-image", "a page sent a picture that is none");
  const { width, height, number } = header;
  const data = bytes.subarray(CAMERA_HEADER);
  const pixels = header.format === "RGBA" ? withoutAlpha(data) : fromYuv(data, header);
  return { width, height, pixels, number };
}

function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from] as number;
    rgb[to + 1] = rgba[from + 1] as number;
    rgb[to + 2] = rgba[from + 2] as number;
  }
  return rgb;
}

/** Four pixels share a pair of chroma values: two planes of them in I420, interleaved in NV12. */
function fromYuv(data: Uint8Array, header: CameraHeader): Uint8Array {
  const { width, height, format, fullRange } = header;
  const { redV, greenU, greenV, blueU } = header.bt709 ? BT709 : BT601;
  const black = fullRange ? 0 : 16;
  const light = (fullRange ? 1 : 255 / 219) * 2 ** SHIFT;
  const colour = (fullRange ? 1 : 255 / 224) * 2 ** SHIFT;
  const table = (factor: number, zero: number) =>
    Int32Array.from({ length: 256 }, (_, i) => Math.round(factor * (i - zero)));
  // Half a unit is added once, so that shifting rounds.
  const greys = table(light, black).map((value) => value + HALF);
  const reds = table(redV * colour, 128);
  const greensU = table(greenU * colour, 128);
  const greensV = table(greenV * colour, 128);
  const blues = table(blueU * colour, 128);
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
      const u = data[uPlane + chroma] as number;
      const v = data[vPlane + chroma] as number;
      const red = reds[v] as number;
      const green = (greensU[u] as number) + (greensV[v] as number);
      const blue = blues[u] as number;
      const lower = upper + width;
      // Written out, since this is done for every pixel of every picture.
      let grey = greys[data[upper] as number] as number;
      let to = 3 * upper;
      rgb[to] = (grey + red) >> SHIFT;
      rgb[to + 1] = (grey + green) >> SHIFT;
      rgb[to + 2] = (grey + blue) >> SHIFT;
      grey = greys[data[upper + 1] as number] as number;
      rgb[to + 3] = (grey + red) >> SHIFT;
      rgb[to + 4] = (grey + green) >> SHIFT;
      rgb[to + 5] = (grey + blue) >> SHIFT;
      grey = greys[data[lower] as number] as number;
      to = 3 * lower;
      rgb[to] = (grey + red) >> SHIFT;
      rgb[to + 1] = (grey + green) >> SHIFT;
      rgb[to + 2] = (grey + blue) >> SHIFT;
      grey = greys[data[lower + 1] as number] as number;
      rgb[to + 3] = (grey + red) >> SHIFT;
      rgb[to + 4] = (grey + green) >> SHIFT;
      rgb[to + 5] = (grey + blue) >> SHIFT;
    }
  }
  return new Uint8Array(rgb.buffer);
}
