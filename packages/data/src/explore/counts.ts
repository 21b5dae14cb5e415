import { USAGES, type ImageSet } from "@mien/format";

/** Images per class (rows) and part (columns, in the order of `USAGES`). */
export type ClassCounts = readonly (readonly number[])[];

/** Counts the images of each class in each part. */
export function countClasses(set: ImageSet): ClassCounts {
  const counts = set.classes.map(() => USAGES.map(() => 0));
  set.labels.forEach((label, i) => {
    const row = counts[label] as number[];
    const usage = set.usage[i] as number;
    row[usage] = (row[usage] as number) + 1;
  });
  return counts;
}

/** The counts as rows of a table, with sums on the right and below. */
export function countRows(classes: readonly string[], counts: ClassCounts): (string | number)[][] {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const perUsage = USAGES.map((_, usage) => sum(counts.map((row) => row[usage] ?? 0)));
  return [
    ...counts.map((row, label) => [classes[label] ?? "", ...row, sum(row)]),
    ["all", ...perUsage, sum(perUsage)],
  ];
}

/** The head of that table. */
export const COUNT_HEAD = ["class", ...USAGES, "all"];
