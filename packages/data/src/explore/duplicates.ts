import { itemAt, USAGES, type ImageSet, type Usage } from "@mien/format";
import { NEAR_COPY_FROM } from "../near/near-copies.ts";
import type { Pictures } from "../near/pictures.ts";
import { findCopies } from "../near/group-copies.ts";

/** Exact copies: images of a set whose pixels are all equal. */
export interface Duplicates {
  /** Number of different images in the set. */
  readonly distinctImages: number;
  /** Number of groups of two or more copies. */
  readonly groups: number;
  /** Number of rows in these groups. */
  readonly rowsInGroups: number;
  /** Number of groups with rows in more than one split. */
  readonly groupsAcrossParts: number;
  /** Number of groups whose rows have different labels. */
  readonly groupsWithConflictingLabels: number;
  /** Rows of one split that have a copy in another. */
  readonly leaks: readonly Leak[];
  /** The CSV rows of each group, in the order of their first rows. */
  readonly rowGroups: readonly (readonly number[])[];
  /** The groups whose rows have different labels, in the same order. */
  readonly conflicts: readonly Conflict[];
}

/** A group of copies with different labels. */
interface Conflict {
  /** CSV rows. */
  readonly rows: readonly number[];
  /** The class of each of these rows. */
  readonly labels: readonly string[];
}

/** Number of rows of `part` that have a copy in `copyIn`. */
interface Leak {
  readonly part: Usage;
  readonly copyIn: Usage;
  readonly rows: number;
  /** These rows in the CSV, ascending. */
  readonly rowNumbers: readonly number[];
}

/** The pairs of splits between which a copy is a leak: [measured split, earlier split]. */
const LEAK_PAIRS = [
  ["PrivateTest", "Training"],
  ["PublicTest", "Training"],
  ["PrivateTest", "PublicTest"],
] as const;

/** Near-copies, and the pictures that exact copies and near-copies show together. */
export interface NearDuplicates extends Duplicates {
  /** Number of pairs of near-copies; exact copies count as one image. */
  readonly pairs: number;
  readonly pairsAcrossParts: number;
  readonly pairsWithConflictingLabels: number;
  /** Smallest similarity of near-copies. */
  readonly similarityFrom: number;
  /** The pairs by CSV row, the most similar first. */
  readonly rowPairs: readonly NearRows[];
}

/** Two rows whose images are near-copies. */
export interface NearRows {
  readonly rows: readonly [number, number];
  /** Correlation of the aligned images, 0–1. */
  readonly similarity: number;
  readonly mirrored: boolean;
}

/** Finds exact copies by a hash of the pixels. */
export function findDuplicates(set: ImageSet): Duplicates {
  const { distinct, groups } = findCopies(set);
  return summarise(set, distinct, groups);
}

/** Counts near-copies, and the groups of images that show the same picture. */
export function findNearDuplicates(set: ImageSet, pictures: Pictures): NearDuplicates {
  const { pairs, pictureOf } = pictures;
  const byPicture = new Map<number, number[]>();
  let distinct = 0;
  // A picture of one image gets no list: there may be millions of them.
  for (const [image, picture] of pictureOf.entries()) {
    if (image === picture) {
      distinct++;
      continue;
    }
    const group = byPicture.get(picture);
    if (group === undefined) byPicture.set(picture, [picture, image]);
    else group.push(image);
  }
  const groups = [...byPicture.values()].sort((p, q) => itemAt(p, 0) - itemAt(q, 0));
  const differing = (values: Uint8Array) =>
    pairs.filter(({ a, b }) => values[a] !== values[b]).length;
  return {
    pairs: pairs.length,
    pairsAcrossParts: differing(set.usage),
    pairsWithConflictingLabels: differing(set.labels),
    similarityFrom: NEAR_COPY_FROM,
    ...summarise(set, distinct, groups),
    rowPairs: pairs.map(({ a, b, similarity, isMirrored }) => ({
      rows: [itemAt(set.row, a), itemAt(set.row, b)],
      similarity: Math.round(similarity * 10_000) / 10_000,
      mirrored: isMirrored,
    })),
  };
}

/** @param groups the positions of each image that occurs more than once. */
function summarise(set: ImageSet, distinctImages: number, groups: readonly number[][]): Duplicates {
  const differs = (values: Uint8Array) => (group: number[]) =>
    new Set(group.map((i) => values[i])).size > 1;
  const leaks = LEAK_PAIRS.map(([part, copyIn]) => {
    const members = (group: number[], usage: Usage) =>
      group.filter((i) => set.usage[i] === USAGES.indexOf(usage));
    const leaking = groups.filter((group) => members(group, copyIn).length > 0);
    const rowNumbers = leaking
      .flatMap((group) => members(group, part))
      .map((i) => itemAt(set.row, i))
      .sort((a, b) => a - b);
    return { part, copyIn, rows: rowNumbers.length, rowNumbers };
  });
  const conflicting = groups.filter(differs(set.labels));
  return {
    distinctImages,
    groups: groups.length,
    rowsInGroups: groups.reduce((sum, group) => sum + group.length, 0),
    groupsAcrossParts: groups.filter(differs(set.usage)).length,
    groupsWithConflictingLabels: conflicting.length,
    leaks,
    rowGroups: groups.map((group) => group.map((i) => itemAt(set.row, i))),
    conflicts: conflicting.map((group) => ({
      rows: group.map((i) => itemAt(set.row, i)),
      labels: group.map((i) => itemAt(set.classes, itemAt(set.labels, i))),
    })),
  };
}
