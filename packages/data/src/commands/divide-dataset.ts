import { itemAt, USAGES, type ImageSet, type SplitChoice } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import { testIndependence, type ChiSquared } from "../explore/chi-squared.ts";
import { countLeaks, type LeakCount } from "../explore/leaks.ts";
import type { Pictures } from "../near/pictures.ts";
import { assignFolds, assignSplits } from "../split/assign-splits.ts";
import { countClasses, type ClassCounts } from "../set/counts.ts";
import { foldsOf } from "../split/split-name.ts";

/** A data set that was divided anew, and what this changed. */
export interface Division {
  /** The set with the new `usage`. */
  readonly set: ImageSet;
  /** [N], the fold of each image, 1 to K, 0 for test images; undefined without folds. */
  readonly foldOf?: Uint8Array;
  /** Images by class (rows) and split (columns), or by class and fold if there are folds. */
  readonly counts: ClassCounts;
  /** The columns of `counts`. */
  readonly parts: readonly string[];
  /** Whether the parts have one distribution of classes; null if only one has images. */
  readonly distributionTest: ChiSquared | null;
  /** Images that have a copy in another split, by the splits of the set and by the new ones. */
  readonly leaks: { readonly before: readonly LeakCount[]; readonly after: readonly LeakCount[] };
}

/**
 * Divides a set anew, and counts classes and leaks.
 *
 * @param choice not the official split.
 * @param options.newTest draws the test split anew, too, instead of keeping that of the set; with
 *   folds, all images are in folds and there is no test split.
 * @throws {MienError} what `assignSplits` throws.
 */
export function divideDataset(
  set: ImageSet,
  choice: SplitChoice,
  options: { readonly pictures: Pictures; readonly newTest: boolean },
): Division {
  const { pictures, newTest } = options;
  const from = newTest ? { ...set, usage: new Uint8Array(set.usage.length) } : set;
  const divided = assignSplits(from, choice, pictures.pictureOf);
  const leaks = { before: countLeaks(set, pictures), after: countLeaks(divided, pictures) };
  const folds = foldsOf(choice.split);
  if (folds === undefined) {
    const counts = countClasses(divided);
    const distributionTest = testIndependence(counts);
    return { set: divided, counts, parts: USAGES, distributionTest, leaks };
  }
  const foldOf = assignFolds(from, choice, pictures.pictureOf);
  const hasTest = foldOf.includes(0);
  const parts = [
    ...Array.from({ length: folds }, (_, i) => `fold ${i + 1}`),
    ...(hasTest ? [USAGES[2]] : []),
  ];
  const counts = set.classes.map(() => parts.map(() => 0));
  set.labels.forEach((label, i) => {
    const fold = itemAt(foldOf, i);
    counts[label]![fold === 0 ? folds : fold - 1]! += 1;
  });
  return { set: divided, foldOf, counts, parts, distributionTest: testIndependence(counts), leaks };
}

/** The split, and the fold if there are folds, of each row of the source as a CSV. */
export function assignmentsCsv({ set, foldOf }: Division): string {
  const rows = Array.from(set.row, (row, i) => [
    row,
    USAGES[itemAt(set.usage, i)],
    ...(foldOf === undefined ? [] : [itemAt(foldOf, i) || ""]),
  ]);
  return stringify([["row", "split", ...(foldOf === undefined ? [] : ["fold"])], ...rows]);
}
