import { counted, formatPercent } from "@mien/cli";
import { BLANK_BELOW } from "./brightness.ts";
import type { ExploreReport } from "./dataset-report.ts";

/** One finding about a data set. */
export interface Finding {
  /** `good`: checked and in order; `note`: worth knowing; `problem`: harms training or the figures. */
  readonly level: "good" | "note" | "problem";
  readonly text: string;
}

/** From this ratio of the largest to the smallest class on, accuracy says little about small classes. */
const UNBALANCED_FROM = 3;

/** States in sentences what a report means. */
export function findingsOf(report: ExploreReport): Finding[] {
  return [
    balance(report),
    ...parts(report),
    copies(report),
    leaks(report),
    labels(report),
    blanks(report),
    ...skipped(report),
  ];
}

function balance({ classes, counts }: ExploreReport): Finding {
  const totals = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
  const [least, most] = [Math.min(...totals), Math.max(...totals)];
  const nameOf = (total: number) => classes[totals.indexOf(total)] ?? "";
  const empty = classes.filter((_, label) => totals[label] === 0);
  if (empty.length > 0) {
    return { level: "problem", text: `No images of: ${empty.join(", ")}.` };
  }
  const ratio = (most / least).toFixed(1);
  const names = `${nameOf(most)} (${number(most)}) and ${nameOf(least)} (${number(least)})`;
  return most / least < UNBALANCED_FROM
    ? { level: "good", text: `Classes are balanced: largest and smallest are ${names}.` }
    : {
        level: "problem",
        text: `Classes are unbalanced, ${ratio} to 1 between ${names}: look at the recall of each class, not only at accuracy.`,
      };
}

function parts({ partDifferences }: ExploreReport): Finding[] {
  if (partDifferences.length === 0) {
    return [
      { level: "problem", text: "Only one split has images: none is left to validate or test on." },
    ];
  }
  const worst = partDifferences.reduce((a, b) => (b.distance > a.distance ? b : a));
  const pair = worst.parts.join(" and ");

  if (partDifferences.every((difference) => difference.verdict === "same")) {
    const chance = formatPercent(worst.byChance, 1);
    const text = `The splits have the same distribution of classes: ${pair} differ most, by ${formatPercent(worst.distance, 1)} of the images, and chance alone gives about ${chance}.`;
    return [{ level: "good", text }];
  }
  return partDifferences
    .filter(({ verdict }) => verdict !== "same")
    .map(({ parts: names, distance, verdict }) => ({
      level: verdict === "clear" ? "problem" : "note",
      text: `${names.join(" and ")} differ in the share of classes by ${formatPercent(distance, 1)}, more than chance explains.`,
    }));
}

function copies({ images, duplicates }: ExploreReport): Finding {
  const { groups, rowsInGroups, distinctImages } = duplicates;
  if (groups === 0) return { level: "good", text: "No image occurs twice." };
  return {
    level: "note",
    text: `${counted(groups, "image occurs", "images occur")} more than once, in ${counted(rowsInGroups, "row")}; ${number(distinctImages)} of ${counted(images, "image is", "images are")} distinct.`,
  };
}

function leaks({ duplicates }: ExploreReport): Finding {
  const leaking = duplicates.leaks.filter((leak) => leak.rows > 0);
  if (leaking.length === 0) return { level: "good", text: "No image occurs in two splits." };
  const list = leaking.map(
    ({ part, copyIn, rows }) =>
      `${counted(rows, `${part} row has`, `${part} rows have`)} a copy in ${copyIn}`,
  );
  return {
    level: "problem",
    text: `${counted(duplicates.groupsAcrossParts, "image occurs", "images occur")} in more than one split: ${list.join(", ")}. A model is then evaluated on images that it was trained or chosen on.`,
  };
}

function labels({ duplicates }: ExploreReport): Finding {
  const { groupsWithConflictingLabels: conflicts, groups } = duplicates;
  if (conflicts === 0) {
    const text =
      groups === 0 ? "No copies have different labels." : "All copies of an image have one label.";
    return { level: "good", text };
  }
  return {
    level: "problem",
    text: `${counted(conflicts, "image carries", "images carry")} different labels in different rows: not all of these labels can be right.`,
  };
}

function blanks({ brightness }: ExploreReport): Finding {
  const { length } = brightness.blankRows;
  const meaning = (whose: string) =>
    `the standard deviation of ${whose} values is below ${BLANK_BELOW}`;
  return length === 0
    ? { level: "good", text: `No image is blank (${meaning("its")}).` }
    : {
        level: "problem",
        text: `${counted(length, "image is", "images are")} blank: ${meaning(length === 1 ? "its" : "their")}.`,
      };
}

function skipped({ skippedRows }: ExploreReport): Finding[] {
  if (skippedRows.length === 0) return [];
  return [
    {
      level: "problem",
      text: `${counted(skippedRows.length, "invalid row is", "invalid rows are")} left out.`,
    },
  ];
}

/** `35,887` */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
