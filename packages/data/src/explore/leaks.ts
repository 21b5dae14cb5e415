import { type ImageSet, type Split, type Usage } from "@mien/format";
import type { Pictures } from "../near/pictures.ts";
import { findDuplicates, findNearDuplicates } from "./duplicates.ts";

/** Images of one split that also occur in another one, in a data set with certain splits. */
export interface LeakCount {
  /** The split that is measured. */
  readonly part: Usage;
  /** The split that has the copies. */
  readonly copyIn: Usage;
  /** Images of `part` that have an exact copy in `copyIn`. */
  readonly exact: number;
  /** Images of `part` whose picture occurs in `copyIn` exactly or as a near-copy. */
  readonly near: number;
}

/** Counts leaks between the splits of a set: PrivateTest in Training, PublicTest in Training, PrivateTest in PublicTest. */
export function countLeaks(set: ImageSet, pictures: Pictures): LeakCount[] {
  const near = findNearDuplicates(set, pictures).leaks;
  return findDuplicates(set).leaks.map(({ part, copyIn, rows }, i) => ({
    part,
    copyIn,
    exact: rows,
    near: near[i]?.rows ?? 0,
  }));
}

/** Counts leaks as `countLeaks` does, but between the parts of a split instead of those of the set. */
export function countSplitLeaks(set: ImageSet, split: Split, pictures: Pictures): LeakCount[] {
  const usage = new Uint8Array(set.usage.length);
  for (const position of split.validation) usage[position] = 1;
  for (const position of split.test) usage[position] = 2;
  return countLeaks({ ...set, usage }, pictures);
}

/** The names of the splits in tables about leaks. */
const NAMES: Readonly<Record<Usage, string>> = {
  Training: "training",
  PublicTest: "validation",
  PrivateTest: "test",
};

/** The columns of the table of `leakRows`. */
export const LEAK_HEAD = [
  "images that leak",
  "exact, before",
  "after",
  "with near-copies, before",
  "after",
];

/** Leaks before and after a division as table rows: exact copies, and exact copies or near-copies. */
export function leakRows(
  before: readonly LeakCount[],
  after: readonly LeakCount[],
): (string | number)[][] {
  return before.map(({ part, copyIn, exact, near }, i) => [
    `${NAMES[part]} images with a copy in ${NAMES[copyIn]}`,
    exact,
    after[i]?.exact ?? 0,
    near,
    after[i]?.near ?? 0,
  ]);
}

/** Leaks before and after a division as one sentence, without those of which there are none. */
export function describeLeaks(before: readonly LeakCount[], after: readonly LeakCount[]): string {
  const of = (leaks: readonly LeakCount[]) => {
    const found = leaks.filter(({ near }) => near > 0);
    if (found.length === 0) return "no image of one split has a copy in another";
    return found
      .map(({ part, copyIn, exact, near }) => {
        const count = near.toLocaleString("en");
        return `${count} ${NAMES[part]} images have a copy in ${NAMES[copyIn]} (${exact.toLocaleString("en")} an exact one)`;
      })
      .join(", ");
  };
  return `by the official split, ${of(before)}; by this split, ${of(after)}`;
}
