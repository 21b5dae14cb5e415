/** [x, y, width, height] in pixels; x and y belong to the upper left corner. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/**
 * Intersection over union of two boxes: 0 where they do not touch, 1 where they are the same.
 *
 * @example
 * overlap([0, 0, 10, 10], [5, 0, 10, 10]); // 1/3
 */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const intersection = width * height;
  return intersection / (a[2] * a[3] + b[2] * b[3] - intersection);
}

/**
 * The part of a box that is inside a picture; at least one pixel wide and high.
 *
 * @internal
 */
export function clip([x, y, w, h]: Box, width: number, height: number): Box {
  const left = Math.min(Math.max(x, 0), width - 1);
  const top = Math.min(Math.max(y, 0), height - 1);
  return [
    left,
    top,
    Math.max(1, Math.min(x + w, width) - left),
    Math.max(1, Math.min(y + h, height) - top),
  ];
}

/** A box as it is in results: the part inside the picture, rounded to a tenth of a pixel. */
export function boxInResult(
  box: Box,
  picture: { readonly width: number; readonly height: number },
): Box {
  const [x, y, width, height] = clip(box, picture.width, picture.height);
  return [toTenth(x), toTenth(y), toTenth(width), toTenth(height)];
}

function toTenth(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Smallest share of a box that must be inside the picture to show a face. */
const SHARE_INSIDE = 0.3;

/** Whether enough of a box is inside a picture to show a face: 30 % of its area. */
export function isInside(box: Box, width: number, height: number): boolean {
  const [, , widthInside, heightInside] = clip(box, width, height);
  return widthInside * heightInside >= SHARE_INSIDE * box[2] * box[3];
}

/**
 * Greedy non-maximum suppression: of boxes that overlap, only the one with the best score stays.
 *
 * @param maxOverlap intersection over union, 0–1, above which two boxes are one face.
 * @returns the boxes that stay, best score first.
 */
export function suppress<T extends { readonly box: Box; readonly score: number }>(
  detections: readonly T[],
  maxOverlap: number,
): T[] {
  const kept: T[] = [];
  for (const one of detections.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((other) => overlap(one.box, other.box) <= maxOverlap)) kept.push(one);
  }
  return kept;
}
