import { itemAt, type ImageSet, type SplitChoice } from "@mien/format";
import { kFold } from "./k-fold.ts";
import { mergedSplit } from "./merged-split.ts";
import { foldsOf, ratioOf } from "./split-name.ts";

/** Indices into `USAGES`. */
const [TRAINING, VALIDATION, TEST] = [0, 1, 2] as const;

/**
 * Divides the images of a set into splits anew, stratified, with all images of a picture in one split.
 *
 * @param choice `official` changes nothing. With `A/B/C`, the test images of the set stay test
 *   images; if there are none, a test split of C % is drawn. The other images are divided into training
 *   and validation in the ratio A:B. With `k-fold:K`, the test images stay test images, the other
 *   images are divided into K folds, and one fold is the validation split.
 * @param pictureOf [N], the picture that each image shows (`findPictures`).
 * @returns the set with another `usage`; the same set for `official`.
 * @throws {MienError} `bad-data` if there are no Training images, or fewer pictures than folds.
 */
export function assignSplits(set: ImageSet, choice: SplitChoice, pictureOf: Uint32Array): ImageSet {
  const { split, splitSeed: seed = 1, fold = 1 } = choice;
  if (split === "official") return set;
  const usage = Uint8Array.from(set.usage);
  if (foldsOf(split) !== undefined) {
    assignFolds(set, choice, pictureOf).forEach((one, position) => {
      if (one > 0) usage[position] = one === fold ? VALIDATION : TRAINING;
    });
    return { ...set, usage };
  }
  const { training, validation, test } = ratioOf(split);
  if (test > 0 && !usage.includes(TEST)) {
    // The part that is called validation here becomes the test split.
    const rule = { training: training + validation, validation: test, seed, pictureOf };
    for (const position of mergedSplit(set, rule).validation) usage[position] = TEST;
  }
  const divided = mergedSplit({ ...set, usage }, { training, validation, seed, pictureOf });
  for (const position of divided.train) usage[position] = TRAINING;
  for (const position of divided.validation) usage[position] = VALIDATION;
  return { ...set, usage };
}

/**
 * The fold of each image of a set by `k-fold:K`.
 *
 * @returns [N], 1 to K; 0 for test images.
 * @throws {MienError} `bad-data` if there are fewer pictures than folds.
 */
export function assignFolds(
  set: ImageSet,
  { split, splitSeed: seed = 1 }: SplitChoice,
  pictureOf: Uint32Array,
): Uint8Array {
  const rows = Uint32Array.from(set.usage.keys()).filter((at) => set.usage[at] !== TEST);
  const folds = foldsOf(split) ?? 0;
  const foldOf = new Uint8Array(set.usage.length);
  kFold(set, { rows, folds, seed, pictureOf }).forEach((fold, place) => {
    foldOf[itemAt(rows, place)] = fold + 1;
  });
  return foldOf;
}
