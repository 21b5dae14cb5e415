import { crop, type Box, type Picture } from "@mien/runtime";

/** What makes a picture of a face useful; all of it on a grey thumbnail of the face. */
export interface Look {
  /** Standard deviation of the Laplacian: low is blurred. */
  readonly sharpness: number;
  /** Mean, 0–255. */
  readonly brightness: number;
  /** Grey [SIDE, SIDE], to compare with others. */
  readonly thumbnail: Float32Array;
}

const SIDE = 64;
/** Least width of a face, in pixels. */
export const MIN_WIDTH = 60;
/** On a face of 64 pixels; photographs in focus have 8 to 40. */
const MIN_SHARPNESS = 4;
const BRIGHTNESS = [45, 215] as const;
/** Mean difference of two thumbnails, 0–255; pictures of a still face differ by less. */
const MIN_DIFFERENCE = 2.5;

/** Looks at the face in a box. */
export function lookAt(picture: Picture, box: Box): Look {
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
  return { sharpness: laplacian(thumbnail), brightness, thumbnail };
}

/**
 * Why a picture is not worth keeping; undefined if it is.
 *
 * @param last the pictures that were kept before.
 */
export function flawOf(look: Look, box: Box, kept: readonly Look[]): string | undefined {
  if (box[2] < MIN_WIDTH) return "too far away";
  if (look.brightness < BRIGHTNESS[0]) return "too dark";
  if (look.brightness > BRIGHTNESS[1]) return "too bright";
  if (look.sharpness < MIN_SHARPNESS) return "blurred";
  const isDuplicate = kept.some(
    ({ thumbnail }) => difference(thumbnail, look.thumbnail) < MIN_DIFFERENCE,
  );
  return isDuplicate ? "like one before" : undefined;
}

/** The mean of the pixels that a cell of the thumbnail covers (BT.601 luma). */
function meanGrey({ width, height, data }: ReturnType<typeof crop>, x: number, y: number): number {
  const x0 = Math.floor((x * width) / SIDE);
  const y0 = Math.floor((y * height) / SIDE);
  const x1 = Math.max(x0 + 1, Math.floor(((x + 1) * width) / SIDE));
  const y1 = Math.max(y0 + 1, Math.floor(((y + 1) * height) / SIDE));
  let sum = 0;
  for (let v = y0; v < y1; v++) {
    for (let u = x0; u < x1; u++) {
      const at = 3 * (v * width + u);
      sum +=
        0.299 * (data[at] as number) +
        0.587 * (data[at + 1] as number) +
        0.114 * (data[at + 2] as number);
    }
  }
  return sum / ((x1 - x0) * (y1 - y0));
}

function laplacian(grey: Float32Array): number {
  let sum = 0;
  let squares = 0;
  const count = (SIDE - 2) ** 2;
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      const at = y * SIDE + x;
      const value =
        4 * (grey[at] as number) -
        (grey[at - 1] as number) -
        (grey[at + 1] as number) -
        (grey[at - SIDE] as number) -
        (grey[at + SIDE] as number);
      sum += value;
      squares += value * value;
    }
  }
  return Math.sqrt(squares / count - (sum / count) ** 2);
}

function difference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] as number) - (b[i] as number));
  return sum / a.length;
}
