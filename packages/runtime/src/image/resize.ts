import type { Picture } from "./picture.ts";

/** The float buffer of a model's input, and which part of it a picture fills. */
export interface InputLayout {
  /** Columns and rows that the picture fills, from the upper left corner. */
  readonly filled: { readonly width: number; readonly height: number };
  /** Columns of the buffer; at least the width that is filled. */
  readonly width: number;
  /** Rows of the buffer; at least the height that is filled. */
  readonly height: number;
  /** `hwc`: [height, width, channels]; `chw`: [channels, height, width]. */
  readonly order: "hwc" | "chw";
  /** Whether the channels are blue, green, red instead of red, green, blue. */
  readonly bgr: boolean;
}

/**
 * The weights of bilinear interpolation are multiples of 1/16, so that the sum for a pixel is below
 * 2^16.
 */
const WEIGHT_ONE = 16;
/** Pictures that are reduced by this factor or more are averaged instead of interpolated. */
const AVERAGE_ABOVE = 1.4;

/** For each target position: two source positions, and the weight of the second one. */
interface Taps {
  /** Offset of the first source position, in values of the picture. */
  readonly first: Int32Array;
  /** Offset of the second source position, in values of the picture. */
  readonly second: Int32Array;
  /** Weight of the second source position, in 16ths. */
  readonly weight: Uint8Array;
}

/** What one resizing reads and writes. */
interface Resizing {
  readonly source: Picture["pixels"];
  readonly columns: Taps;
  readonly rows: Taps;
  /** RGB, uint8 [rows, columns, 3], and one more byte. */
  readonly target: Uint8Array;
}

const NO_TAPS: Taps = {
  first: new Int32Array(),
  second: new Int32Array(),
  weight: new Uint8Array(),
};

/**
 * Resizes pictures into the float buffer of a face detector, in a time that does not depend on the
 * size of the picture: by bilinear interpolation down to 1/1.4 of the size, and below that by the
 * mean of two samples in each pixel's area. Detectors find the same faces as with a filter that
 * reads every pixel, which takes ten times as long on 640×480.
 */
export class Resizer {
  #key = "";
  #columns = NO_TAPS;
  #rows = NO_TAPS;
  #bytes = new Uint8Array();

  /**
   * Resizes one picture.
   *
   * @param target float32, receives 0–255 as `layout` says; values beyond `filled` are not written.
   */
  resize(picture: Picture, layout: InputLayout, target: Float32Array): void {
    const { width, height } = layout.filled;
    if (picture.width === width && picture.height === height) {
      writeFloats(picture.pixels, layout, target);
      return;
    }
    const key = `${picture.width}×${picture.height}→${width}×${height}`;
    if (key !== this.#key) {
      this.#columns = tapsOf(picture.width, width, 3);
      this.#rows = tapsOf(picture.height, height, picture.width * 3);
      // `average` writes the last pixel as a word of four bytes.
      this.#bytes = new Uint8Array(width * height * 3 + 1);
      this.#key = key;
    }
    const resizing: Resizing = {
      source: picture.pixels,
      columns: this.#columns,
      rows: this.#rows,
      target: this.#bytes,
    };
    if (picture.width > AVERAGE_ABOVE * width) average(resizing);
    else interpolate(resizing);
    writeFloats(this.#bytes, layout, target);
  }
}

/** Bilinear interpolation. A function of its own with local variables, since most time is spent here. */
function interpolate({ source, columns, rows, target }: Resizing): void {
  const { first: lefts, second: rights, weight: acrossWeights } = columns;
  const width = lefts.length;
  for (let y = 0, to = 0; y < rows.first.length; y++) {
    const top = rows.first[y] ?? 0;
    const bottom = rows.second[y] ?? 0;
    const down = rows.weight[y] ?? 0;
    for (let x = 0; x < width; x++, to += 3) {
      const left = lefts[x] ?? 0;
      const right = rights[x] ?? 0;
      const across = acrossWeights[x] ?? 0;
      const wd = across * down;
      const wb = (across << 4) - wd;
      const wc = (down << 4) - wd;
      const wa = 256 - wb - wc - wd;
      const a = top + left;
      const b = top + right;
      const c = bottom + left;
      const d = bottom + right;
      for (let i = 0; i < 3; i++) {
        const sum =
          wa * (source[a + i] ?? 0) +
          wb * (source[b + i] ?? 0) +
          wc * (source[c + i] ?? 0) +
          wd * (source[d + i] ?? 0);
        target[to + i] = sum >> 8;
      }
    }
  }
}

/**
 * The mean of two samples a pixel, diagonal to each other. Three bytes are read, averaged and written
 * as one word of four bytes, the last of which the next pixel overwrites. In the last row, where no
 * byte follows the last pixel of the source, every byte is read alone.
 */
function average({ source, columns, rows, target }: Resizing): void {
  const { first: lefts, second: rights } = columns;
  const words = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const out = new DataView(target.buffer);
  const width = lefts.length;
  const lastRight = rights[width - 1] ?? 0;
  let to = 0;
  for (let y = 0; y < rows.first.length; y++) {
    const top = rows.first[y] ?? 0;
    const bottom = rows.second[y] ?? 0;
    if (bottom + lastRight + 4 > source.length) {
      for (let x = 0; x < width; x++) {
        const a = top + (lefts[x] ?? 0);
        const b = bottom + (rights[x] ?? 0);
        for (let i = 0; i < 3; i++) {
          target[to++] = ((source[a + i] ?? 0) + (source[b + i] ?? 0)) >> 1;
        }
      }
      continue;
    }
    for (let x = 0; x < width; x++, to += 3) {
      const a = words.getInt32(top + (lefts[x] ?? 0), true);
      const b = words.getInt32(bottom + (rights[x] ?? 0), true);
      // The means of four pairs of bytes at once: the common bits, plus half of the differing bits. No
      // sum carries over into the next byte.
      out.setInt32(to, (a & b) + (((a ^ b) >>> 1) & 0x7f7f7f7f), true);
    }
  }
}

/** Writes RGB bytes [height, width, 3] into a model's input. What follows them is not read. */
function writeFloats(bytes: Picture["pixels"], layout: InputLayout, target: Float32Array): void {
  const { width, height } = layout.filled;
  const row = width * 3;
  if (layout.order === "hwc" && !layout.bgr) {
    for (let y = 0; y < height; y++) {
      target.set(bytes.subarray(y * row, (y + 1) * row), y * layout.width * 3);
    }
    return;
  }
  const step = layout.order === "hwc" ? 3 : 1;
  const channel = layout.order === "hwc" ? 1 : layout.width * layout.height;
  for (let c = 0; c < 3; c++) {
    const start = (layout.bgr ? 2 - c : c) * channel;
    for (let y = 0; y < height; y++) {
      let to = start + y * layout.width * step;
      for (let from = y * row + c; from < (y + 1) * row; from += 3, to += step) {
        target[to] = bytes[from] ?? 0;
      }
    }
  }
}

/** @param stride from one source position to the next, in values. */
function tapsOf(from: number, to: number, stride: number): Taps {
  const scale = from / to;
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const weight = new Uint8Array(to);
  const clampToSource = (at: number) => Math.min(Math.max(at, 0), from - 1);
  for (let target = 0; target < to; target++) {
    const centre = (target + 0.5) * scale - 0.5;
    if (scale > AVERAGE_ABOVE) {
      first[target] = clampToSource(Math.round(centre - scale / 4)) * stride;
      second[target] = clampToSource(Math.round(centre + scale / 4)) * stride;
      weight[target] = WEIGHT_ONE / 2;
      continue;
    }
    const base = Math.floor(clampToSource(centre));
    first[target] = base * stride;
    second[target] = clampToSource(base + 1) * stride;
    weight[target] = Math.round((clampToSource(centre) - base) * WEIGHT_ONE);
  }
  return { first, second, weight };
}
