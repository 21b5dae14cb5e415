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
 * Turns images of any size into what an expression model takes.
 *
 * Colour becomes grey where the model is grey (ITU-R BT.601 luma, as OpenCV's and PIL's), grey is
 * repeated where the model takes RGB, alpha is dropped, and the size is fitted by `resizeImage`.
 *
 * @param images already cropped to the face.
 * @returns float32 [N, input.height, input.width, input.channels], 0–255.
 * @throws {MienError} `bad-image` if an image is empty or its data does not fit its size.
 */
export function prepareImages(images: readonly RawImage[], input: ModelInput): Float32Array {
  const size = input.height * input.width * input.channels;
  const batch = new Float32Array(images.length * size);
  images.forEach((image, index) => {
    const planes = toChannels(image, input.channels);
    const resized = resizeImage(planes, input.width, input.height);
    batch.set(resized, index * size);
  });
  return batch;
}

/** Float pixels while an image is on its way to a model. */
interface FloatImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels] row-major, 0–255. */
  readonly data: Float32Array;
}

function toChannels(image: RawImage, channels: number): FloatImage {
  const { width, height, data } = image;
  const count = width * height;
  if (!Number.isSafeInteger(count) || count <= 0 || data.length !== count * image.channels) {
    throw new MienError(
      "bad-image",
      `expected ${width}×${height}×${image.channels} pixel values, found ${data.length}`,
    );
  }
  const out = new Float32Array(count * channels);
  for (let i = 0; i < count; i++) {
    const at = i * image.channels;
    const red = data[at] as number;
    const green = image.channels === 1 ? red : (data[at + 1] as number);
    const blue = image.channels === 1 ? red : (data[at + 2] as number);
    if (channels === 1) {
      out[i] = image.channels === 1 ? red : 0.299 * red + 0.587 * green + 0.114 * blue;
    } else {
      out.set([red, green, blue], i * 3);
    }
  }
  return { width, height, channels, data: out };
}

/**
 * Resizes with a triangle filter whose support grows with the reduction, so that shrinking
 * averages instead of aliasing; enlarging is plain bilinear. This is what PIL's BILINEAR does.
 * An image that already has the size comes back with the same values.
 *
 * @param width target width in pixels, at least 1.
 * @param height target height in pixels, at least 1.
 * @returns [height, width, channels] row-major, in the range of the input.
 */
export function resizeImage(image: FloatImage, width: number, height: number): Float32Array {
  const { channels } = image;
  if (image.width === width && image.height === height) return image.data;
  const columns = filterTaps(image.width, width);
  const narrow = new Float32Array(image.height * width * channels);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x] as Taps;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) {
          const at = (y * image.width + first + k) * channels + c;
          sum += (weights[k] as number) * (image.data[at] as number);
        }
        narrow[(y * width + x) * channels + c] = sum;
      }
    }
  }
  const rows = filterTaps(image.height, height);
  const out = new Float32Array(height * width * channels);
  const stride = width * channels;
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y] as Taps;
    for (let i = 0; i < stride; i++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) {
        sum += (weights[k] as number) * (narrow[(first + k) * stride + i] as number);
      }
      out[y * stride + i] = sum;
    }
  }
  return out;
}

/** The source positions, and their weights (sum 1), that make one target position. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

function filterTaps(from: number, to: number): Taps[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, target) => {
    const centre = (target + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const last = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = Float64Array.from({ length: last - first }, (_, k) =>
      Math.max(0, 1 - Math.abs((first + k + 0.5 - centre) / support)),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
