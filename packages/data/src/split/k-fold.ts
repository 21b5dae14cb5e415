import { itemAt, MienError, random, shuffle, type ImageSet } from "@mien/format";
import { groupPositions } from "../near/group-copies.ts";

/** The smallest and the largest number of folds. */
export const FOLD_LIMITS = { min: 2, max: 100 } as const;

/**
 * Divides images into K folds for cross-validation: each image is in exactly one fold, the folds have
 * equal sizes and the same share of each class, and all images of one picture are in one fold.
 *
 * The sizes of a fold and of its classes are those of scikit-learn's `StratifiedKFold`, and differ
 * by at most one image between folds, unless a class has too few images without a copy to make up
 * for the groups of copies.
 *
 * @param choice.rows positions in the set of the images to divide (not CSV rows).
 * @param choice.folds number of folds, K: 2–100.
 * @param choice.seed another seed gives another division; the same seed always gives the same one.
 * @param choice.pictureOf [images of the set], the picture that each image shows (`findPictures`).
 * @returns the fold of each image of `rows`, in their order: 0 to K − 1.
 * @throws {MienError} `usage` if `folds` is out of range, `bad-data` if `rows` has fewer pictures than
 *   folds.
 */
export function kFold(
  set: ImageSet,
  choice: {
    readonly rows: Uint32Array;
    readonly folds: number;
    readonly seed: number;
    readonly pictureOf: Uint32Array;
  },
): Uint8Array {
  const { rows, folds, seed, pictureOf } = choice;
  const { min, max } = FOLD_LIMITS;
  if (!Number.isInteger(folds) || folds < min || folds > max) {
    throw new MienError("usage", `the number of folds must be ${min}–${max}, found ${folds}`);
  }
  // The places in `rows` of the images of each picture.
  const groups = groupPositions(rows.keys(), (place) => itemAt(pictureOf, itemAt(rows, place)));
  if (groups.length < folds) {
    throw new MienError(
      "bad-data",
      `${folds} folds need ${folds} different pictures or more, found ${groups.length}`,
      { advice: "Use fewer folds, or more images." },
    );
  }
  const labels = Uint8Array.from(rows, (position) => itemAt(set.labels, position));
  /** By class and fold: images that the fold still needs; negative if it has too many. */
  const missing = foldSizes(labels, { classes: set.classes.length, folds });
  const foldOf = new Uint8Array(rows.length);
  const order = shuffle(Uint32Array.from(groups.keys()), random(`${folds} folds`, seed));
  // The largest groups come first, so that single images can make up for them.
  const sorted = Array.from(order, (index) => itemAt(groups, index)).sort(
    (a, b) => b.length - a.length,
  );
  for (const group of sorted) {
    const counts = new Map<number, number>();
    for (const place of group) {
      const label = itemAt(labels, place);
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    // The fold for which the sum of the squares of `missing` decreases most.
    let best = 0;
    let most = -Infinity;
    for (let fold = 0; fold < folds; fold++) {
      let decrease = 0;
      for (const [label, n] of counts) decrease += n * (2 * missing[label]![fold]! - n);
      if (decrease > most) [best, most] = [fold, decrease];
    }
    for (const [label, n] of counts) missing[label]![best]! -= n;
    for (const place of group) foldOf[place] = best;
  }
  return foldOf;
}

/** The number of images of each class in each fold, if the images sorted by class are dealt in turn. */
function foldSizes(
  labels: Uint8Array,
  { classes, folds }: { readonly classes: number; readonly folds: number },
): Float64Array[] {
  const sizes = Array.from({ length: classes }, () => new Float64Array(folds));
  Uint8Array.from(labels)
    .sort()
    .forEach((label, i) => (sizes[label]![i % folds]! += 1));
  return sizes;
}
