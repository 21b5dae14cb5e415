import type { Picture } from "../image/picture.ts";

/** Paints a picture: the function gives the RGB colour of each pixel. */
export function paint(
  width: number,
  height: number,
  colour: (x: number, y: number) => readonly [number, number, number],
): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set(colour(x, y), (y * width + x) * 3);
  }
  return { width, height, pixels };
}

/** A black picture with white squares of 32 pixels, which `spotModel` detects. */
export function spots(
  width: number,
  height: number,
  corners: readonly (readonly [number, number])[],
) {
  return paint(width, height, (x, y) =>
    corners.some(([left, top]) => x >= left && x < left + 32 && y >= top && y < top + 32)
      ? [255, 255, 255]
      : [0, 0, 0],
  );
}
