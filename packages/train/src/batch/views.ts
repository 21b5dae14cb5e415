import { imageSize, type ImageSet } from "@mien/format";

/** How far a crop is moved, in pixels of a 48-pixel image; other sizes in proportion. */
const SHIFT = 3 / 48;

/** One way of looking at an image: moved by (x, y) pixels, perhaps mirrored. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly mirror: boolean;
}

/** Ten views whose probabilities are averaged: the middle and four corners, each also mirrored. */
export function tenViews({ width, height }: Pick<ImageSet, "width" | "height">): View[] {
  const [x, y] = [Math.round(SHIFT * width), Math.round(SHIFT * height)];
  const crops = [
    [0, 0],
    [-x, -y],
    [x, -y],
    [-x, y],
    [x, y],
  ] as const;
  return crops.flatMap(([x, y]) => [false, true].map((mirror) => ({ x, y, mirror })));
}

/**
 * Images of a set through a view, as a model takes them: float32 [positions, height, width,
 * channels], 0–255. What lies beyond the border repeats it.
 */
export function viewAt(
  set: ImageSet,
  positions: Uint32Array,
  { x: right, y: down, mirror }: View,
): Float32Array {
  const { height, width, channels, pixels } = set;
  const size = imageSize(set);
  const clamp = (value: number, end: number) => Math.min(end - 1, Math.max(0, value));
  const columns = Array.from({ length: width }, (_, column) =>
    clamp((mirror ? width - 1 - column : column) + right, width),
  );
  const seen = new Float32Array(positions.length * size);
  let to = 0;
  for (const position of positions) {
    for (let row = 0; row < height; row++) {
      const line = position * size + clamp(row + down, height) * width * channels;
      for (const column of columns) {
        const from = line + column * channels;
        for (let c = 0; c < channels; c++) seen[to++] = pixels[from + c] as number;
      }
    }
  }
  return seen;
}
