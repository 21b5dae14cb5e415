import type { Picture } from "../image/shrink.ts";

/** A picture with one colour a pixel, by its place. */
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

/** Black, with white squares of 32 pixels for `spotModel` to find. */
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
