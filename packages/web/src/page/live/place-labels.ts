/**
 * A rectangle: [x, y, width, height] in pixels.
 *
 * @internal exported for tests.
 */
export type Rectangle = readonly [number, number, number, number];

/** A label to place. */
export interface LabelSize {
  /** The box that it belongs to. */
  readonly box: Rectangle;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** Smallest distance between a label and its box, and between two labels, in label heights. */
const GAP = 0.14;

/**
 * Places labels so that no two cover each other, as long as the picture has room. A label stands above
 * its box if possible, else below it, beside it or inside it, where it covers no other box; else at
 * the nearest free place above or below.
 *
 * @param labels in the order of importance: earlier ones get the better places.
 * @param picture all labels stay inside it; in pixels.
 * @returns the upper left corner of each label, in the order of `labels`.
 */
export function placeLabels(
  labels: readonly LabelSize[],
  picture: { readonly width: number; readonly height: number },
): [x: number, y: number][] {
  const placed: Rectangle[] = [];
  return labels.map(({ box: [x, y, w, h], width, height }, i) => {
    const gap = GAP * height;
    const inside = ([left, top]: readonly [number, number]): [number, number] => [
      Math.max(0, Math.min(left, picture.width - width)),
      Math.max(0, Math.min(top, picture.height - height)),
    ];
    const isClearOf =
      (rectangles: readonly Rectangle[]) =>
      ([left, top]: readonly [number, number]) =>
        rectangles.every(([a, b, c, d]) => {
          const apart = left >= a + c + gap || a >= left + width + gap;
          return apart || top >= b + d + gap || b >= top + height + gap;
        });
    const isFree = isClearOf(placed);
    const coversNoFace = isClearOf(labels.filter((_, other) => other !== i).map(({ box }) => box));
    const above = y - height - gap;
    const below = y + h + gap;
    const right = x + w - width;
    const near: (readonly [number, number])[] = [
      ...(above >= 0 ? [[x, above] as const, [right, above] as const] : []),
      ...(below + height <= picture.height ? [[x, below] as const, [right, below] as const] : []),
      [x + w + gap, y],
      [x - width - gap, y],
      [x + gap, y + h - height - gap],
      [x + gap, y + gap],
    ];
    const places = [...near];
    // Ever farther rows above and below the box, at its left edge and then shifted by half a label.
    const step = height + gap;
    for (let row = 1; row * step < picture.height; row++) {
      for (const shift of [0, -width / 2, width / 2, -width, width]) {
        places.push([x + shift, above - row * step], [x + shift, below + row * step]);
      }
    }
    const corner =
      near.map(inside).find((place) => isFree(place) && coversNoFace(place)) ??
      places.map(inside).find(isFree) ??
      inside([x, above]);
    placed.push([...corner, width, height]);
    return corner;
  });
}
