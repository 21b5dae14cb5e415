import { createHash } from "node:crypto";
import {
  imageCount,
  MienError,
  officialSplit,
  type ImageSet,
  type Split,
  type SplitChoice,
} from "@mien/format";
import { findPictures, type Pictures } from "../near/pictures.ts";
import { assignSplits } from "./assign-splits.ts";
import { mergedSplit } from "./merged-split.ts";
import { describeSplit, foldsOf, ratioOf } from "./split-name.ts";

/**
 * The splits of a data set by a run's choice.
 *
 * @param choice the fields of a run's configuration. An absent `split` is the official one, an
 *   absent `splitSeed` is 1, an absent `fold` is 1. Without `splitTogether`, only exact copies are
 *   kept together, and a set without test images gets no test split, as in runs of earlier versions.
 * @param pictures of the set; default: what `findPictures` finds, which takes seconds if it is not in
 *   the cache. Not used for the official split.
 * @throws {MienError} `bad-data` if there are no Training rows, `usage` if the name is invalid,
 *   `mismatch` if the split differs from `splitSha256`.
 */
export async function resolveSplit(
  set: ImageSet,
  choice: Partial<SplitChoice> & { readonly splitSha256?: string | undefined },
  pictures?: Pictures,
): Promise<Split> {
  const { split: name = "official", splitSeed = 1, splitTogether, splitSha256 } = choice;
  if (name === "official") return officialSplit(set);
  const folds = foldsOf(name);
  if (splitTogether === undefined && folds === undefined) {
    return mergedSplit(set, { ...ratioOf(name), seed: splitSeed });
  }
  const { pictureOf } = pictures ?? (await findPictures(set));
  const assigned = assignSplits(set, { ...choice, split: name }, pictureOf);
  const rule = folds === undefined ? "merged" : "k-fold";
  const split: Split = { ...officialSplit(assigned), rule };
  if (splitSha256 === undefined || splitSha256 === hashSplit(split)) return split;
  throw new MienError(
    "mismatch",
    `the split ${describeSplit(choice)} of this run can no longer be made: this version of mien finds other near-copies in the same images`,
    {
      advice:
        "Use the version of mien with which the run was trained, or train again with the same settings and --fresh.",
    },
  );
}

/** SHA-256 of the positions in the three splits, by which a run recognises its split. */
export function hashSplit({ train, validation, test }: Split): string {
  const hash = createHash("sha256");
  for (const part of [train, validation, test]) hash.update(`${part.join()}\n`);
  return hash.digest("hex");
}

/** The largest difference, in percent of all images, by which a test split counts as its share. */
const SAME_SHARE = 0.5;

/**
 * Lines about a split that is not the official one: its sizes, and if the data set has no test split
 * or one of another size than was asked for, what is done about it. None for the official split.
 */
export function splitSizes(set: ImageSet, split: Split, choice: SplitChoice): string[] {
  if (choice.split === "official") return [];
  const [training, validation, test] = [split.train, split.validation, split.test].map(
    ({ length }) => length.toLocaleString("en"),
  );
  const sizes = `split ${describeSplit(choice)}: ${training} training, ${validation} validation and ${test} test images`;
  const hasTest = set.usage.includes(2);
  if (foldsOf(choice.split) !== undefined) {
    return hasTest ? [sizes] : [sizes, "the data set has no test split, and gets none by k-fold"];
  }
  const wanted = ratioOf(choice.split);
  if (!hasTest && split.test.length > 0) {
    return [
      sizes,
      `the data set has no test split; ${wanted.test} % of its images were drawn as one`,
    ];
  }
  const found = (100 * split.test.length) / imageCount(set);
  if (Math.abs(found - wanted.test) <= SAME_SHARE) return [sizes];
  return [
    sizes,
    `the official test split is always kept: it has ${found.toFixed(1)} % of all images, not ${wanted.test} %; the other images are divided into training and validation in the ratio ${wanted.training}:${wanted.validation}`,
  ];
}
