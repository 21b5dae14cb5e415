import { itemAt, USAGES, type ImageSet } from "@mien/format";

/** Number of images per class (rows) and split (columns, in the order of `USAGES`). */
export type ClassCounts = readonly (readonly number[])[];

/** Counts the images of each class in each split. */
export function countClasses(set: ImageSet): ClassCounts {
  const counts = set.classes.map(() => USAGES.map(() => 0));
  set.labels.forEach((label, i) => {
    const row = itemAt(counts, label);
    const usage = itemAt(set.usage, i);
    row[usage] = itemAt(row, usage) + 1;
  });
  return counts;
}

/** The counts as table rows, with sums in the last column and the last row. */
export function countRows(classes: readonly string[], counts: ClassCounts): (string | number)[][] {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const perPart = (counts[0] ?? []).map((_, part) => sum(counts.map((row) => row[part] ?? 0)));
  return [
    ...counts.map((row, label) => [classes[label] ?? "", ...row, sum(row)]),
    ["all", ...perPart, sum(perPart)],
  ];
}

/** The column names of the table of `countRows`. */
export const COUNT_HEAD = ["class", ...USAGES, "all"];
