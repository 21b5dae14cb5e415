import { describeValue } from "./text/describe-value.ts";
import { isBytes, isSide } from "./type-guards.ts";
import { MienError } from "./errors.ts";
import type { ModelInput } from "./model-metadata.ts";

/** A decoded image: 1 channel is grey, 3 are RGB, 4 are RGBA. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  /** [height, width, channels] row-major, 0–255. A browser's `ImageData.data` fits. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * Converts images of any size to the input of a model.
 *
 * For a grey model, colour is converted to grey (ITU-R BT.601 luma, as in OpenCV and PIL); for an RGB
 * model, grey is repeated. Alpha is dropped, and images are resized as by `resizeImage`.
 *
 * @param images already cropped to the face.
 * @param input size and channels of the model's input.
 * @returns float32 [N, input.height, input.width, input.channels], 0–255.
 * @throws {MienError} `bad-image` naming the first image that is empty or whose data does not fit
 * its size.
 */
export function prepareImages(images: readonly RawImage[], input: ModelInput): Float32Array {
  const { width, height, channels } = input;
  const size = height * width * channels;
  images.forEach((image, index) => {
    const problem = problemOf(image);
    if (problem === undefined) return;
    const which = images.length === 1 ? "the image" : `image ${index + 1} of ${images.length}`;
    throw new MienError("bad-image", `${which} cannot be used: ${problem}`);
  });
  const batch = new Float32Array(images.length * size);
  images.forEach((image, index) => {
    const line = new Float32Array(image.width * channels);
    const source = {
      width: image.width,
      height: image.height,
      channels,
      row: (y: number) => convertRow(image, y, { channels, line }),
    };
    batch.set(resize(source, width, height), index * size);
  });
  return batch;
}

/** Describes what is wrong with the size, channels or data of an image; undefined if nothing is. */
function problemOf(image: RawImage | null | undefined): string | undefined {
  const { width, height, channels, data }: Partial<RawImage> = image ?? {};
  if (!isSide(width) || !isSide(height)) {
    return `expected a width and a height of at least 1 pixel, found ${width}×${height}`;
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    return `expected 1 (grey), 3 (RGB) or 4 (RGBA) channels, found ${String(channels)}`;
  }
  if (!isBytes(data) || data.length !== width * height * channels) {
    return (
      `expected data as Uint8Array or Uint8ClampedArray of ${width}×${height}×${channels} values, ` +
      `found ${describeValue(data)}`
    );
  }
  return undefined;
}

/** Writes row `y` of an image into `line`, [width, channels], and returns it. */
function convertRow(
  image: RawImage,
  y: number,
  { channels, line }: { readonly channels: number; readonly line: Float32Array },
): Float32Array {
  const { width, data } = image;
  const step = image.channels;
  // Offsets of green and blue from red; in a grey image all three are the same value.
  const [green, blue] = step === 1 ? [0, 0] : [1, 2];
  let at = y * width * step;
  if (channels !== 1) {
    for (let to = 0; to < line.length; at += step, to += 3) {
      line[to] = data[at] ?? 0;
      line[to + 1] = data[at + green] ?? 0;
      line[to + 2] = data[at + blue] ?? 0;
    }
  } else if (step === 1) {
    line.set(data.subarray(at, at + width));
  } else {
    for (let to = 0; to < width; at += step, to++) {
      line[to] =
        0.299 * (data[at] ?? 0) + 0.587 * (data[at + green] ?? 0) + 0.114 * (data[at + blue] ?? 0);
    }
  }
  return line;
}

/** An image whose pixels are floats. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels] row-major. */
  readonly data: Float32Array;
}

/**
 * Resizes an image as PIL's BILINEAR does: enlarging interpolates bilinearly; reducing averages all
 * source pixels with a triangle filter as wide as the reduction, which avoids aliasing. An image
 * that already has the target size keeps its values.
 *
 * @param width target width in pixels, at least 1.
 * @param height target height in pixels, at least 1.
 * @returns [height, width, channels] row-major, in the range of the input.
 */
export function resizeImage(image: FloatImage, width: number, height: number): Float32Array {
  const stride = image.width * image.channels;
  const row = (y: number) => image.data.subarray(y * stride, (y + 1) * stride);
  return resize({ ...image, row }, width, height);
}

/** An image that is read row by row, [width, channels] each, from the top. */
interface Rows {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  row(y: number): Float32Array;
}

function resize(source: Rows, width: number, height: number): Float32Array {
  const { channels } = source;
  const stride = width * channels;
  const out = new Float32Array(height * stride);
  if (source.width === width && source.height === height) {
    for (let y = 0; y < height; y++) out.set(source.row(y), y * stride);
    return out;
  }
  const columns = filterTaps(source.width, width);
  const narrow = new Float32Array(source.height * stride);
  for (let y = 0; y < source.height; y++) {
    const line = source.row(y);
    for (let c = 0; c < channels; c++) {
      for (let x = 0, tap = 0; x < width; x++) {
        const end = columns.ends[x] ?? 0;
        let at = (columns.firsts[x] ?? 0) * channels + c;
        let sum = 0;
        for (; tap < end; tap++, at += channels) {
          sum += (columns.weights[tap] ?? 0) * (line[at] ?? 0);
        }
        narrow[y * stride + x * channels + c] = sum;
      }
    }
  }
  const rows = filterTaps(source.height, height);
  for (let y = 0, tap = 0; y < height; y++) {
    const start = tap;
    const end = rows.ends[y] ?? 0;
    for (let i = 0; i < stride; i++) {
      let at = (rows.firsts[y] ?? 0) * stride + i;
      let sum = 0;
      for (tap = start; tap < end; tap++, at += stride) {
        sum += (rows.weights[tap] ?? 0) * (narrow[at] ?? 0);
      }
      out[y * stride + i] = sum;
    }
  }
  return out;
}

/** For each target position, the weights of consecutive source positions; they sum to 1. */
interface Taps {
  /** First source position of each target position. */
  readonly firsts: Int32Array;
  /** Index in `weights` after the last weight of each target position. */
  readonly ends: Int32Array;
  readonly weights: Float64Array;
}

function filterTaps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const firsts = new Int32Array(to);
  const ends = new Int32Array(to);
  const weights = new Float64Array(to * (Math.ceil(2 * support) + 1));
  let end = 0;
  for (let target = 0; target < to; target++) {
    const centre = (target + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const last = Math.min(from, Math.floor(centre + support + 0.5));
    const start = end;
    let sum = 0;
    for (let at = first; at < last; at++) {
      const weight = Math.max(0, 1 - Math.abs((at + 0.5 - centre) / support));
      weights[end++] = weight;
      sum += weight;
    }
    for (let i = start; i < end; i++) weights[i] = (weights[i] ?? 0) / sum;
    firsts[target] = first;
    ends[target] = end;
  }
  return { firsts, ends, weights };
}
