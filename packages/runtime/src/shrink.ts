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
 * Resizes pictures straight into the float buffer of a detector, in the same time whatever the size
 * of the source: bilinear up to 1.4 times the size, and beyond that the mean of two samples spread
 * over each pixel's area. Detectors do not need more (the same faces are found), and a filter that
 * reads every pixel takes ten times as long on 640×480.
 */
export class Shrinker {
  #key = "";
  #columns: Taps = { first: new Int32Array(), second: new Int32Array(), weight: new Uint8Array() };
  #rows: Taps = this.#columns;

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
      this.#key = key;
    }
    const plane = layout.width * layout.height;
    const step = layout.order === "hwc" ? 3 : 1;
    const channel = layout.order === "hwc" ? 1 : plane;
    const shrinks = picture.width > AVERAGED * width;
    const fill = shrinks ? average : blend;
    fill(picture.pixels, this.#columns, this.#rows, target, {
      stride: layout.width * step,
      step,
      red: layout.bgr ? 2 * channel : 0,
      green: channel,
      blue: layout.bgr ? 0 : 2 * channel,
    });
  }
}

/** Where things go in the target, counted in values. */
interface Strides {
  /** From one row to the next. */
  readonly stride: number;
  /** From one pixel to the next. */
  readonly step: number;
  /** From a pixel's first value to its red one, and so on. */
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

/** A function of its own with every variable local, because this loop is where the time goes. */
function blend(
  source: Uint8Array | Uint8ClampedArray,
  columns: Taps,
  rows: Taps,
  target: Float32Array,
  strides: Strides,
): void {
  const { first: lefts, second: rights, weight: acrosses } = columns;
  const { stride, step, red, green, blue } = strides;
  const width = lefts.length;
  for (let y = 0; y < rows.first.length; y++) {
    const top = rows.first[y] as number;
    const bottom = rows.second[y] as number;
    const down = rows.weight[y] as number;
    let to = y * stride;
    for (let x = 0; x < width; x++, to += step) {
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
        target[to + (i === 0 ? red : i === 1 ? green : blue)] = sum >> 8;
      }
    }
  }
}

/**
 * The mean of two samples a pixel, diagonal to each other: half the reads, and reads take the time.
 * A sample is read as one word, whose fourth byte is not used, and two of them are averaged at once;
 * so the last row, which has nothing behind it, is read byte by byte.
 */
function average(
  source: Uint8Array | Uint8ClampedArray,
  columns: Taps,
  rows: Taps,
  target: Float32Array,
  strides: Strides,
): void {
  const { first: lefts, second: rights } = columns;
  const { stride, step, red, green, blue } = strides;
  const words = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const width = lefts.length;
  const lastRight = rights[width - 1] as number;
  for (let y = 0; y < rows.first.length; y++) {
    const top = rows.first[y] as number;
    const bottom = rows.second[y] as number;
    if (bottom + lastRight + 4 > source.length) {
      averageBytes(source, columns, { top, bottom }, target.subarray(y * stride), strides);
      continue;
    }
    let to = y * stride;
    for (let x = 0; x < width; x++, to += step) {
      const a = words.getInt32(top + (lefts[x] as number), true);
      const b = words.getInt32(bottom + (rights[x] as number), true);
      // Half of what differs is added to what they share, so that no byte reaches its neighbour.
      const mean = (a & b) + (((a ^ b) >>> 1) & 0x7f7f7f7f);
      target[to + red] = mean & 255;
      target[to + green] = (mean >>> 8) & 255;
      target[to + blue] = (mean >>> 16) & 255;
    }
  }
}

function averageBytes(
  source: Uint8Array | Uint8ClampedArray,
  { first: lefts, second: rights }: Taps,
  { top, bottom }: { readonly top: number; readonly bottom: number },
  target: Float32Array,
  { step, red, green, blue }: Strides,
): void {
  for (let x = 0; x < lefts.length; x++) {
    const a = top + (lefts[x] as number);
    const b = bottom + (rights[x] as number);
    for (const [i, to] of [red, green, blue].entries()) {
      target[x * step + to] = ((source[a + i] as number) + (source[b + i] as number)) >> 1;
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
