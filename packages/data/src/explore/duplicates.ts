import { itemAt, USAGES, type ImageSet, type Usage } from "@mien/format";
import { groupCopies } from "../set/group-copies.ts";

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
}

/** Number of rows of `part` that have a copy in `copyIn`. */
interface Leak {
  readonly part: Usage;
  readonly copyIn: Usage;
  readonly rows: number;
}

/** The pairs of splits between which a copy is a leak: [measured split, earlier split]. */
const LEAK_PAIRS = [
  ["PrivateTest", "Training"],
  ["PublicTest", "Training"],
  ["PrivateTest", "PublicTest"],
] as const;

/** Finds exact copies by a hash of the pixels. */
export function findDuplicates(set: ImageSet): Duplicates {
  const images = groupCopies(set);
  const groups = images.filter((group) => group.length > 1);
  const differs = (values: Uint8Array) => (group: number[]) =>
    new Set(group.map((i) => values[i])).size > 1;
  const leaks = LEAK_PAIRS.map(([part, copyIn]) => {
    const members = (group: number[], usage: Usage) =>
      group.filter((i) => set.usage[i] === USAGES.indexOf(usage)).length;
    const leaking = groups.filter((group) => members(group, copyIn) > 0);
    const rows = leaking.reduce((sum, group) => sum + members(group, part), 0);
    return { part, copyIn, rows };
  });
  return {
    distinctImages: images.length,
    groups: groups.length,
    rowsInGroups: groups.reduce((sum, group) => sum + group.length, 0),
    groupsAcrossParts: groups.filter(differs(set.usage)).length,
    groupsWithConflictingLabels: groups.filter(differs(set.labels)).length,
    leaks,
    rowGroups: groups.map((group) => group.map((i) => itemAt(set.row, i))),
  };
}
