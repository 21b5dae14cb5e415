import { createCanvas, type Canvas } from "@napi-rs/canvas";

/** A picture as an image set stores it. */
export interface Pixels {
  /** uint8 [height, width, channels], row-major. */
  readonly pixels: Uint8Array;
  /** In pixels. */
  readonly height: number;
  /** In pixels. */
  readonly width: number;
  /** 1 for grey, 3 for RGB. */
  readonly channels: number;
}

/**
 * Draws a picture on a canvas of its own size.
 *
 * @throws {RangeError} if the number of pixel values is not height × width × channels.
 */
export function pictureOf({ pixels, height, width, channels }: Pixels): Canvas {
  if (pixels.length !== height * width * channels) {
    throw new RangeError(`${pixels.length} pixel values for ${height}×${width}×${channels}`);
  }
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  const data = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    const at = i * channels;
    const [first = 0, second = first, third = first] = pixels.subarray(at, at + channels);
    data.data.set([first, second, third, 255], i * 4);
  }
  context.putImageData(data, 0, 0);
  return canvas;
}
