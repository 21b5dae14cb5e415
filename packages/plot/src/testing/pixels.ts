import { createCanvas, loadImage } from "@napi-rs/canvas";

/** A decoded PNG. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue at a pixel. */
  at(x: number, y: number): [number, number, number];
  /** Number of pixels of exactly this colour. */
  count(red: number, green: number, blue: number): number;
}

/** Decodes a PNG; throws if the bytes are not a PNG. */
export async function decode(png: Buffer): Promise<Pixels> {
  const image = await loadImage(png);
  const { width, height } = image;
  const context = createCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const at = (x: number, y: number) =>
    [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)] as [number, number, number];
  return {
    width,
    height,
    at,
    count: (...colour) => {
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (colour.every((channel, c) => data[i + c] === channel)) count++;
      }
      return count;
    },
  };
}
