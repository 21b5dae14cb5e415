import { crop, type Box, type Picture } from "@mien/runtime";

/**
 * Measurements that decide whether a picture of a face is useful, from a grey thumbnail of the
 * face.
 */
export interface FaceQuality {
  /** Standard deviation of the Laplacian; low for a blurred face. */
  readonly sharpness: number;
  /** Mean grey value, 0–255. */
  readonly brightness: number;
  /** Grey values 0–255, float32 [SIDE, SIDE] row-major, to compare pictures. */
  readonly thumbnail: Float32Array;
}

/** Why a picture is left out. */
export type Flaw = "too far away" | "too dark" | "too bright" | "blurred" | "like one before";

/** Side of the thumbnail, in pixels. */
const SIDE = 64;
/** Smallest width of a face, in pixels. */
const MIN_WIDTH = 60;
/** Smallest sharpness; photographs in focus have 8 to 40. */
const MIN_SHARPNESS = 4;
/** Smallest and largest brightness, 0–255. */
const MIN_BRIGHTNESS = 45;
const MAX_BRIGHTNESS = 215;
/** Smallest mean difference of two thumbnails, 0–255; pictures of a still face differ less. */
const MIN_DIFFERENCE = 2.5;

/** Measures the face in a box of a picture. */
export function measureQuality(picture: Picture, box: Box): FaceQuality {
  const face = crop(picture, box);
  const thumbnail = new Float32Array(SIDE * SIDE);
  let brightness = 0;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const grey = meanGrey(face, x, y);
      thumbnail[y * SIDE + x] = grey;
      brightness += grey / (SIDE * SIDE);
    }
  }
  return { sharpness: sharpnessOf(thumbnail), brightness, thumbnail };
}

/**
 * The reason why a picture is not useful; undefined if it is useful.
 *
 * @param box of the face, in pixels.
 * @param before the qualities of the pictures that were taken before.
 */
export function findFlaw(
  quality: FaceQuality,
  box: Box,
  before: readonly FaceQuality[],
): Flaw | undefined {
  if (box[2] < MIN_WIDTH) return "too far away";
  if (quality.brightness < MIN_BRIGHTNESS) return "too dark";
  if (quality.brightness > MAX_BRIGHTNESS) return "too bright";
  if (quality.sharpness < MIN_SHARPNESS) return "blurred";
  const isDuplicate = before.some(
    ({ thumbnail }) => meanDifference(thumbnail, quality.thumbnail) < MIN_DIFFERENCE,
  );
  return isDuplicate ? "like one before" : undefined;
}

/** The mean of the pixels that a pixel of the thumbnail covers (BT.601 luma), 0–255. */
function meanGrey({ width, height, data }: ReturnType<typeof crop>, x: number, y: number): number {
  const x0 = Math.floor((x * width) / SIDE);
  const y0 = Math.floor((y * height) / SIDE);
  const x1 = Math.max(x0 + 1, Math.floor(((x + 1) * width) / SIDE));
  const y1 = Math.max(y0 + 1, Math.floor(((y + 1) * height) / SIDE));
  let sum = 0;
  for (let v = y0; v < y1; v++) {
    for (let u = x0; u < x1; u++) {
      const at = 3 * (v * width + u);
      sum += 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0);
    }
  }
  return sum / ((x1 - x0) * (y1 - y0));
}

/** The standard deviation of the Laplacian inside the thumbnail's border. */
function sharpnessOf(grey: Float32Array): number {
  const at = (x: number, y: number) => grey[y * SIDE + x] ?? 0;
  let sum = 0;
  let squares = 0;
  const count = (SIDE - 2) ** 2;
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      const neighbours = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
      const value = 4 * at(x, y) - neighbours;
      sum += value;
      squares += value * value;
    }
  }
  return Math.sqrt(squares / count - (sum / count) ** 2);
}

function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}
