/** RGB pixels, uint8 [height, width, 3] row-major. A `Frame` is one. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array | Uint8ClampedArray;
}

/** How pixels are laid out in the target. */
export interface Layout {
  /** Columns of the target buffer; at least the width that is filled. */
  readonly width: number;
  /** Rows of the target buffer; at least the height that is filled. */
  readonly height: number;
  /** `hwc`: one pixel's channels side by side; `chw`: one plane a channel. */
  readonly order: "hwc" | "chw";
  /** Whether blue comes first. */
  readonly bgr: boolean;
}

/** Weights are in 16ths, so that a pixel is a sum of integers below 2^16. */
const ONE = 16;
/** Pictures more than so many times as large are averaged instead of interpolated. */
const AVERAGED = 1.4;

/** For each target position, the two source positions that make it and the second one's weight. */
interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly weight: Uint8Array;
}

/**
 * Resizes pictures into the float buffer of a detector, in the same time whatever the size of the
 * source: bilinear up to 1.4 times the size, and beyond that the mean of two samples spread over
 * each pixel's area. Detectors do not need more (the same faces are found), and a filter that reads
 * every pixel takes ten times as long on 640×480.
 */
export class Shrinker {
  #key = "";
  #columns: Taps = { first: new Int32Array(), second: new Int32Array(), weight: new Uint8Array() };
  #rows: Taps = this.#columns;
  /** RGB [height, width, 3], and room for the fourth byte of the last word. */
  #bytes = new Uint8Array();

  /**
   * @param width columns to fill, from the left.
   * @param height rows to fill, from the top.
   * @param target float32, 0–255, laid out as `layout` says; what is not filled stays as it is.
   */
  shrink(
    picture: Picture,
    size: { readonly width: number; readonly height: number },
    layout: Layout,
    target: Float32Array,
  ): void {
    const { width, height } = size;
    const key = `${picture.width}×${picture.height}→${width}×${height}`;
    if (key !== this.#key) {
      this.#columns = tapsOf(picture.width, width, 3);
      this.#rows = tapsOf(picture.height, height, picture.width * 3);
      this.#bytes = new Uint8Array(width * height * 3 + 1);
      this.#key = key;
    }
    const fill = picture.width > AVERAGED * width ? average : blend;
    fill(picture.pixels, this.#columns, this.#rows, this.#bytes);
    place(this.#bytes, size, layout, target);
  }
}

/** Functions of their own with every variable local, because these loops are where the time goes. */
function blend(
  source: Uint8Array | Uint8ClampedArray,
  columns: Taps,
  rows: Taps,
  target: Uint8Array,
): void {
  const { first: lefts, second: rights, weight: acrosses } = columns;
  const width = lefts.length;
  for (let y = 0, to = 0; y < rows.first.length; y++) {
    const top = rows.first[y] as number;
    const bottom = rows.second[y] as number;
    const down = rows.weight[y] as number;
    for (let x = 0; x < width; x++, to += 3) {
      const left = lefts[x] as number;
      const right = rights[x] as number;
      const across = acrosses[x] as number;
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
          wa * (source[a + i] as number) +
          wb * (source[b + i] as number) +
          wc * (source[c + i] as number) +
          wd * (source[d + i] as number);
        target[to + i] = sum >> 8;
      }
    }
  }
}

/**
 * The mean of two samples a pixel, diagonal to each other. Three bytes are read, averaged and written
 * as one word, whose fourth byte the next pixel overwrites; the last row, which has nothing behind
 * it to be read, goes byte by byte.
 */
function average(
  source: Uint8Array | Uint8ClampedArray,
  columns: Taps,
  rows: Taps,
  target: Uint8Array,
): void {
  const { first: lefts, second: rights } = columns;
  const words = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const out = new DataView(target.buffer);
  const width = lefts.length;
  const lastRight = rights[width - 1] as number;
  let to = 0;
  for (let y = 0; y < rows.first.length; y++) {
    const top = rows.first[y] as number;
    const bottom = rows.second[y] as number;
    if (bottom + lastRight + 4 > source.length) {
      for (let x = 0; x < width; x++) {
        const a = top + (lefts[x] as number);
        const b = bottom + (rights[x] as number);
        for (let i = 0; i < 3; i++) {
          target[to++] = ((source[a + i] as number) + (source[b + i] as number)) >> 1;
        }
      }
      continue;
    }
    for (let x = 0; x < width; x++, to += 3) {
      const a = words.getInt32(top + (lefts[x] as number), true);
      const b = words.getInt32(bottom + (rights[x] as number), true);
      // What they share and half of what differs, so that no byte carries over into the next.
      out.setInt32(to, (a & b) + (((a ^ b) >>> 1) & 0x7f7f7f7f), true);
    }
  }
}

/** Lays RGB bytes out as a model wants them. */
function place(
  bytes: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  layout: Layout,
  target: Float32Array,
): void {
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
        target[to] = bytes[from] as number;
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
  const inside = (at: number) => Math.min(Math.max(at, 0), from - 1);
  for (let target = 0; target < to; target++) {
    const centre = (target + 0.5) * scale - 0.5;
    if (scale > AVERAGED) {
      first[target] = inside(Math.round(centre - scale / 4)) * stride;
      second[target] = inside(Math.round(centre + scale / 4)) * stride;
      weight[target] = ONE / 2;
      continue;
    }
    const base = Math.floor(inside(centre));
    first[target] = base * stride;
    second[target] = inside(base + 1) * stride;
    weight[target] = Math.round((inside(centre) - base) * ONE);
  }
  return { first, second, weight };
}
