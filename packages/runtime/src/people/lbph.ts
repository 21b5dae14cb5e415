import { MienError, describeValue, isBytes } from "@mien/format";
import { checkOptions } from "../check-options.ts";
import { recognitionSettings } from "../recognition-settings.ts";
import type { OptionsOf, ResolvedOptions } from "../setting.ts";

const settings = recognitionSettings.lbph;

/** OpenCV's parameters of local binary pattern histograms. */
export type LbphOptions = OptionsOf<(typeof recognitionSettings)["lbph"]>;

/** A grey image, uint8 [height, width] row-major. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** C's FLT_EPSILON, which OpenCV uses in its comparisons. */
const EPSILON = 2 ** -23;
const f32 = Math.fround;

/**
 * The local binary pattern histograms of an image, with the same values as OpenCV's
 * `LBPHFaceRecognizer`.
 *
 * Each pixel becomes a number whose bits say which of its neighbours on a circle are at least as
 * bright; each cell of a grid has a histogram of these numbers. Size and brightness are not
 * normalised, so that all images should be crops of one size.
 *
 * @returns float32 [gridY, gridX, 2^neighbors]; each cell sums to 1.
 * @throws {MienError} `bad-image` if the image is too small for the grid, `usage` for an
 * option that is unknown or out of range.
 * @example
 * const histograms = lbphHistogram({ width: 100, height: 100, data }, { gridX: 4, gridY: 4 });
 * @see Ahonen, Hadid, Pietikäinen: Face recognition with local binary patterns, 2004
 */
export function lbphHistogram(image: GreyImage, options: LbphOptions = {}): Float32Array {
  checkOptions("lbphHistogram", options);
  const { radius, neighbors, gridX, gridY } = resolveLbph(options);
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

/** Fills in the defaults of checked options. */
export function resolveLbph(
  options: LbphOptions,
): ResolvedOptions<(typeof recognitionSettings)["lbph"]> {
  const {
    radius = settings.radius.default,
    neighbors = settings.neighbors.default,
    gridX = settings.gridX.default,
    gridY = settings.gridY.default,
  } = options;
  return { radius, neighbors, gridX, gridY };
}

/** [height − 2·radius, width − 2·radius]: bit n is set where neighbour n is at least as bright. */
function patternsOf(image: GreyImage, radius: number, neighbors: number): Int32Array {
  const { data, width: stride } = image;
  const width = image.width - 2 * radius;
  const height = image.height - 2 * radius;
  const patterns = new Int32Array(width * height);
  for (let n = 0; n < neighbors; n++) {
    // Single precision and this order of operations, as in OpenCV.
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
          f32(w1 * (data[at + corner1] ?? 0)) + f32(w2 * (data[at + corner2] ?? 0)),
        );
        const three = f32(upper + f32(w3 * (data[at + corner3] ?? 0)));
        const value = f32(three + f32(w4 * (data[at + corner4] ?? 0)));
        const centre = data[at] ?? 0;
        if (value > centre || Math.abs(f32(value - centre)) < EPSILON) {
          patterns[to] = (patterns[to] ?? 0) + 2 ** n;
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

/** Counts patterns per cell. Pixels beyond the last whole cell on the right and below do not count. */
function countCells(patterns: Int32Array, { width, height, gridX, gridY, bins }: Grid) {
  const cellWidth = Math.floor(width / gridX);
  const cellHeight = Math.floor(height / gridY);
  const histograms = new Float32Array(gridX * gridY * bins);
  for (let y = 0; y < gridY * cellHeight; y++) {
    const row = Math.floor(y / cellHeight) * gridX;
    for (let x = 0; x < gridX * cellWidth; x++) {
      const bin = (row + Math.floor(x / cellWidth)) * bins + (patterns[y * width + x] ?? 0);
      histograms[bin] = (histograms[bin] ?? 0) + 1;
    }
  }
  const pixels = cellWidth * cellHeight;
  return histograms.map((count) => count / pixels);
}

/**
 * The chi-square distance of two histograms, as in OpenCV's LBPH: 2·Σ (a − b)² / (a + b), from 0 to
 * 4 times the number of cells.
 *
 * @example
 * chiSquare(lbphHistogram(one), lbphHistogram(other));
 */
export function chiSquare(a: Float32Array, b: Float32Array): number {
  let distance = 0;
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i] ?? 0, b[i] ?? 0];
    const sum = left + right;
    if (sum > EPSILON) distance += (left - right) ** 2 / sum;
  }
  return 2 * distance;
}
