import { MienError, describeValue, isBytes } from "@mien/format";
import { checkOptions } from "../check-options.ts";

/** OpenCV's parameters of local binary patterns histograms. */
export interface LbphOptions {
  /** Radius of the circle of neighbours in pixels; default 1. */
  readonly radius?: number;
  /** Points on that circle, 1–16; a histogram has 2^neighbors bins; default 8. */
  readonly neighbors?: number;
  /** Cells across; default 8. */
  readonly gridX?: number;
  /** Cells down; default 8. */
  readonly gridY?: number;
}

/** A grey image, uint8 [height, width] row-major. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** FLT_EPSILON of C, with which OpenCV compares. */
const EPSILON = 2 ** -23;
const f32 = Math.fround;

/**
 * The histograms of local binary patterns of an image, number for number as OpenCV's
 * `LBPHFaceRecognizer` makes them.
 *
 * Every pixel becomes a number whose bits say which of its neighbours on a circle are at least as
 * bright; each cell of a grid counts these numbers. Size and brightness are not normalised: give it
 * crops of one size.
 *
 * @returns float32 [gridY, gridX, 2^neighbors]; each cell sums to 1.
 * @throws {MienError} `bad-image` if the image is too small for the grid, `usage` for impossible
 * options.
 * @see Ahonen, Hadid, Pietikäinen: Face recognition with local binary patterns, 2004
 */
export function lbphHistogram(image: GreyImage, options: LbphOptions = {}): Float32Array {
  checkOptions("lbphHistogram", options);
  const { radius = 1, neighbors = 8, gridX = 8, gridY = 8 } = options;
  const width = image.width - 2 * radius;
  const height = image.height - 2 * radius;
  const isImage = isBytes(image.data) && image.data.length === image.width * image.height;
  if (!isImage || width < gridX || height < gridY) {
    throw new MienError(
      "bad-image",
      `expected a grey image of at least ${gridX + 2 * radius}×${gridY + 2 * radius} pixels, ` +
        `found ${image.width}×${image.height} with ${describeValue(image.data)} as data`,
    );
  }
  const patterns = patternsOf(image, radius, neighbors);
  return countCells(patterns, { width, height, gridX, gridY, bins: 2 ** neighbors });
}

/** [height − 2·radius, width − 2·radius]: bit n says that neighbour n is at least as bright. */
function patternsOf(image: GreyImage, radius: number, neighbors: number): Int32Array {
  const { data, width: stride } = image;
  const width = image.width - 2 * radius;
  const height = image.height - 2 * radius;
  const patterns = new Int32Array(width * height);
  for (let n = 0; n < neighbors; n++) {
    // Single precision and this order of operations, since OpenCV's are these.
    const x = f32(radius * Math.cos((2 * Math.PI * n) / f32(neighbors)));
    const y = f32(-radius * Math.sin((2 * Math.PI * n) / f32(neighbors)));
    const left = Math.floor(x);
    const top = Math.floor(y);
    const tx = f32(x - left);
    const ty = f32(y - top);
    const w1 = f32(f32(1 - tx) * f32(1 - ty));
    const w2 = f32(tx * f32(1 - ty));
    const w3 = f32(f32(1 - tx) * ty);
    const w4 = f32(tx * ty);
    const corner1 = top * stride + left;
    const corner2 = top * stride + Math.ceil(x);
    const corner3 = Math.ceil(y) * stride + left;
    const corner4 = Math.ceil(y) * stride + Math.ceil(x);
    for (let row = 0; row < height; row++) {
      let at = (row + radius) * stride + radius;
      for (let to = row * width; to < (row + 1) * width; to++, at++) {
        const upper = f32(
          f32(w1 * (data[at + corner1] as number)) + f32(w2 * (data[at + corner2] as number)),
        );
        const three = f32(upper + f32(w3 * (data[at + corner3] as number)));
        const value = f32(three + f32(w4 * (data[at + corner4] as number)));
        const centre = data[at] as number;
        if (value > centre || Math.abs(f32(value - centre)) < EPSILON) {
          patterns[to] = (patterns[to] as number) + 2 ** n;
        }
      }
    }
  }
  return patterns;
}

interface Grid {
  readonly width: number;
  readonly height: number;
  readonly gridX: number;
  readonly gridY: number;
  readonly bins: number;
}

/** What is left over on the right and below, when cells do not fit, is not counted. */
function countCells(patterns: Int32Array, { width, height, gridX, gridY, bins }: Grid) {
  const cellWidth = Math.floor(width / gridX);
  const cellHeight = Math.floor(height / gridY);
  const histograms = new Float32Array(gridX * gridY * bins);
  for (let y = 0; y < gridY * cellHeight; y++) {
    const row = Math.floor(y / cellHeight) * gridX;
    for (let x = 0; x < gridX * cellWidth; x++) {
      const bin = (row + Math.floor(x / cellWidth)) * bins + (patterns[y * width + x] as number);
      histograms[bin] = (histograms[bin] as number) + 1;
    }
  }
  const pixels = cellWidth * cellHeight;
  return histograms.map((count) => count / pixels);
}

/**
 * How different two histograms are, as OpenCV's LBPH says it: 2·Σ (a − b)² / (a + b), from 0 to
 * 4 times the number of cells.
 */
export function chiSquare(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const both = (a[i] as number) + (b[i] as number);
    if (both > EPSILON) sum += ((a[i] as number) - (b[i] as number)) ** 2 / both;
  }
  return 2 * sum;
}
