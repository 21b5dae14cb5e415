import { imageAt, itemAt, type ImageSet } from "@mien/format";

/** Side of a thumbnail, in cells. */
export const THUMBNAIL_SIDE = 24;
const SIDE = THUMBNAIL_SIDE;

/** Thumbnails of images, [N, SIDE, SIDE], blurred so that they can be moved by parts of a cell. */
export function makeThumbnails(set: ImageSet, images: Uint32Array): Float32Array {
  const { height, width } = set;
  const thumbnails = new Float32Array(images.length * SIDE * SIDE);
  const across = weights(width);
  const down = weights(height);
  const rows = new Float64Array(height * SIDE);
  const grey = new Float64Array(height * width);
  for (const [n, image] of images.entries()) {
    fillGrey(imageAt(set, image), grey);
    for (let u = 0; u < SIDE; u++) {
      const { from, values } = itemAt(across, u);
      for (let y = 0; y < height; y++)
        rows[y * SIDE + u] = weigh(grey, { from: y * width + from, step: 1 }, values);
    }
    for (let v = 0; v < SIDE; v++) {
      const { from, values } = itemAt(down, v);
      for (let u = 0, at = (n * SIDE + v) * SIDE; u < SIDE; u++, at++) {
        thumbnails[at] = weigh(rows, { from: from * SIDE + u, step: SIDE }, values);
      }
    }
  }
  return thumbnails;
}

/** The sum of `values[k] * of[from + k * step]`. */
function weigh(
  of: Float64Array,
  { from, step }: { readonly from: number; readonly step: number },
  values: Float64Array,
): number {
  let sum = 0;
  for (let k = 0, at = from; k < values.length; k++, at += step) {
    sum += values[k]! * of[at]!;
  }
  return sum;
}

interface Weights {
  /** First pixel. */
  readonly from: number;
  /** Weights of the pixels from there; they sum to 1. */
  readonly values: Float64Array;
}

/** For each cell a triangle over the pixels, two cells wide. */
function weights(size: number): Weights[] {
  const cell = size / SIDE;
  return Array.from({ length: SIDE }, (_, u) => {
    const centre = (u + 0.5) * cell - 0.5;
    const reach = Math.max(1, cell * 1.25);
    const from = Math.max(0, Math.ceil(centre - reach));
    const to = Math.min(size - 1, Math.floor(centre + reach));
    const values = Float64Array.from({ length: to - from + 1 }, (_, k) =>
      Math.max(1e-6, 1 - Math.abs(from + k - centre) / reach),
    );
    const sum = values.reduce((a, b) => a + b, 0);
    return { from, values: values.map((value) => value / sum) };
  });
}

/** Writes the mean of the channels into `grey`, [height, width]. */
function fillGrey(pixels: Uint8Array, grey: Float64Array): void {
  const channels = pixels.length / grey.length;
  if (channels === 1) return grey.set(pixels);
  grey.fill(0);
  pixels.forEach((value, i) => (grey[Math.floor(i / channels)]! += value / channels));
}
