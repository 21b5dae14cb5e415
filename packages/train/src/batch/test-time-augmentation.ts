import { imageSize, type ImageSet } from "@mien/format";

/** The shift of a crop, as a share of the image: 3 pixels of 48. */
const SHIFT = 3 / 48;

/** A view of an image: a crop that is shifted by (x, y) pixels, and mirrored or not. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly mirror: boolean;
}

/**
 * The ten views whose probabilities are averaged in test-time augmentation: the image itself and four
 * shifted crops, each also mirrored. The first one is the image itself.
 */
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
 * A view of some images of a set as input of a model: float32 [positions, height, width, channels],
 * 0–255. Positions outside the image take the nearest pixel of its border.
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
        for (let c = 0; c < channels; c++) seen[to++] = pixels[from + c] ?? 0;
      }
    }
  }
  return seen;
}
