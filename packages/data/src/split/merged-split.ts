import { itemAt, officialSplit, random, shuffle, type ImageSet, type Split } from "@mien/format";
import { groupCopies, groupPositions } from "../near/group-copies.ts";

/**
 * Keeps the official test split, merges the rows of Training and PublicTest, and divides them into
 * training and validation, stratified by class. Copies of one image are never divided, because the
 * epoch would be chosen on images that the model was trained on. Copies of test images stay where
 * they are; `leakFree` in the metrics leaves them out.
 *
 * The number of validation images of each class is as close to its share as the copies allow: it
 * differs by at most half an image, unless a class has too few images without a copy to make up for
 * the groups of copies.
 *
 * @param rule.training size of the training split, relative to `rule.validation`; above 0.
 * @param rule.validation size of the validation split, relative to `rule.training`; above 0.
 * @param rule.seed another seed gives another division; the same seed always gives the same one.
 * @param rule.pictureOf the picture that each image of the set shows (`findPictures`); near-copies
 *   are then kept together, too. Without it, only exact copies are.
 * @throws {MienError} `bad-data` if there are no Training rows.
 */
export function mergedSplit(
  set: ImageSet,
  rule: {
    readonly training: number;
    readonly validation: number;
    readonly seed: number;
    readonly pictureOf?: Uint32Array | undefined;
  },
): Split {
  const { training, validation, pictureOf } = rule;
  const official = officialSplit(set);
  const merged = [...official.train, ...official.validation];
  const groups =
    pictureOf === undefined
      ? groupCopies(set, merged)
      : groupPositions(merged, (position) => itemAt(pictureOf, position));
  // The key must not change, because it determines the splits of existing runs.
  const order = shuffle(Uint32Array.from(groups.keys()), random("merged split", rule.seed));
  // The largest groups come first, so that single images can make up for them.
  const sorted = Array.from(order, (index) => itemAt(groups, index)).sort(
    (a, b) => b.length - a.length,
  );
  // By class: the validation images so far minus their share of all images so far, in units of
  // 1 / (training + validation), so that whole numbers are exact.
  const excess = new Float64Array(set.classes.length);
  const parts: Record<"train" | "validation", number[]> = { train: [], validation: [] };
  for (const group of sorted) {
    const counts = new Float64Array(excess.length);
    for (const position of group) counts[itemAt(set.labels, position)]! += 1;
    // The sum of squares of `excess` if the group is for validation, minus the same sum if it is
    // for training, divided by training + validation.
    const difference = counts.reduce(
      (sum, n, label) => sum + n * (2 * itemAt(excess, label) + n * (training - validation)),
      0,
    );
    const isValidation = difference < 0;
    parts[isValidation ? "validation" : "train"].push(...group);
    counts.forEach((n, label) => (excess[label]! += n * (isValidation ? training : -validation)));
  }
  return {
    rule: "merged",
    train: Uint32Array.from(parts.train).sort(),
    validation: Uint32Array.from(parts.validation).sort(),
    test: official.test,
  };
}
