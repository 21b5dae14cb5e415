import { counted, formatPercent } from "@mien/cli";
import { BLANK_BELOW } from "./brightness.ts";
import { BLURRED_BELOW, DARK_BELOW, LOW_CONTRAST_BELOW } from "./brightness.ts";
import type { ChiSquared } from "./chi-squared.ts";
import { describeP } from "./describe-p.ts";
import type { ExploreReport } from "./dataset-report.ts";
import type { FindingKind } from "./galleries.ts";
import { MOST_COMPARED } from "../near/near-copies.ts";

/** One finding about a data set. */
export interface Finding {
  /** `good`: checked and in order; `note`: worth knowing; `problem`: harms training or the figures. */
  readonly level: "good" | "note" | "problem";
  readonly text: string;
  /** The galleries and the rows of the CSV that show it; absent if it is not about single images. */
  readonly kinds?: readonly FindingKind[];
}

/** From this ratio of the largest to the smallest class on, accuracy says little about small classes. */
const UNBALANCED_FROM = 3;

/** States in sentences what a report means. */
export function findingsOf(report: ExploreReport): Finding[] {
  return [
    balance(report),
    ...parts(report),
    ...sameDistribution(report),
    ...drift(report),
    copies(report),
    leaks(report),
    labels(report),
    ...nearCopies(report),
    ...searchLimit(report),
    blanks(report),
    ...quality(report),
    ...votes(report),
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

/** Probability below which a test says that splits differ. */
const SIGNIFICANT = 0.05;
/** Expected counts below which the chi-squared test is only a rough estimate. */
const FEW = 5;

function sameDistribution({ distributionTest: test }: ExploreReport): Finding[] {
  if (test === null) return [];
  return [{ level: test.p >= SIGNIFICANT ? "good" : "note", text: describeChiSquared(test) }];
}

/** Sentences about a test that splits have one distribution of classes. */
export function describeChiSquared(test: ChiSquared): string {
  const { statistic, degreesOfFreedom, p, smallestExpected } = test;
  const figures = `χ² = ${statistic.toFixed(2)}, ${counted(degreesOfFreedom, "degree")} of freedom, ${describeP(p)}`;
  const few =
    smallestExpected < FEW
      ? " Some classes have so few images that this probability is only a rough estimate."
      : "";
  return p >= SIGNIFICANT
    ? `A chi-squared test finds no difference between the splits in the distribution of classes (${figures}).${few}`
    : `By a chi-squared test, chance does not explain how the splits differ in the distribution of classes (${figures}).${few}`;
}

/** Whether the splits have the same distribution in the space of the map. */
function drift({ embedding }: ExploreReport): Finding[] {
  if (embedding === null || embedding.drift.length === 0) return [];
  const what = embedding.from === "pixels" ? "the pixels" : "the features";
  const apart = embedding.drift.filter(({ adjustedP }) => adjustedP < SIGNIFICANT);
  const figures = ({ coefficient, adjustedP }: (typeof apart)[number]) =>
    `energy coefficient ${coefficient.toFixed(4)}, ${describeP(adjustedP)}`;
  if (apart.length === 0) {
    const worst = embedding.drift.reduce((a, b) => (b.coefficient > a.coefficient ? b : a));
    const text = `An energy test finds no drift between the splits in ${what} of their images: ${worst.parts.join(" and ")} are farthest apart (${figures(worst)}).`;
    return [{ level: "good", text }];
  }
  return apart.map((test) => ({
    level: "note",
    text: `By an energy test, chance does not explain how far ${test.parts.join(" and ")} are apart in ${what} of their images (${figures(test)}; 0 is no drift, 1 the most).`,
  }));
}

function copies({ images, duplicates }: ExploreReport): Finding {
  const { groups, rowsInGroups, distinctImages } = duplicates;
  if (groups === 0) return { level: "good", text: "No image occurs twice." };
  return {
    level: "note",
    kinds: ["copy", "copy-across-splits", "copy-with-other-label"],
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
    kinds: ["copy-across-splits"],
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
    kinds: ["copy-with-other-label"],
    text: `${counted(conflicts, "image carries", "images carry")} different labels in different rows: not all of these labels can be right.`,
  };
}

/** Says that a large set was not searched as thoroughly as a small one. */
function searchLimit({ duplicates }: ExploreReport): Finding[] {
  if (duplicates.distinctImages <= MOST_COMPARED) return [];
  return [
    {
      level: "note",
      text: `The set has more than ${MOST_COMPARED} different images, so near-copies were searched only among images with similar hashes. Copies that are moved or scaled may be missing.`,
    },
  ];
}

function nearCopies({ nearCopies: near }: ExploreReport): Finding[] {
  const { pairs, groups, rowsInGroups, groupsWithConflictingLabels: conflicts } = near;
  if (pairs === 0) return [{ level: "good", text: "No image is a near-copy of another one." }];
  const found: Finding[] = [
    {
      level: "note",
      kinds: ["near-copy", "near-copy-across-splits", "near-copy-with-other-label"],
      text: `${counted(pairs, "pair is", "pairs are")} near-copies: the same picture mirrored, moved, scaled, re-lit or compressed. With exact copies, ${counted(groups, "picture occurs", "pictures occur")} more than once, in ${counted(rowsInGroups, "row")}.`,
    },
  ];
  const leaking = near.leaks.filter((leak) => leak.rows > 0);
  if (leaking.length > 0) {
    const list = leaking.map(
      ({ part, copyIn, rows }) =>
        `${counted(rows, `${part} row has`, `${part} rows have`)} one in ${copyIn}`,
    );
    found.push({
      level: "problem",
      kinds: ["near-copy-across-splits"],
      text: `With near-copies, ${counted(near.groupsAcrossParts, "picture occurs", "pictures occur")} in more than one split: ${list.join(", ")}.`,
    });
  }
  if (conflicts > 0) {
    found.push({
      level: "problem",
      kinds: ["near-copy-with-other-label"],
      text: `With near-copies, ${counted(conflicts, "picture carries", "pictures carry")} different labels in different rows.`,
    });
  }
  return found;
}

function blanks({ brightness }: ExploreReport): Finding {
  const { length } = brightness.blankRows;
  const meaning = (whose: string) =>
    `the standard deviation of ${whose} values is below ${BLANK_BELOW}`;
  return length === 0
    ? { level: "good", text: `No image is blank (${meaning("its")}).` }
    : {
        level: "problem",
        kinds: ["blank"],
        text: `${counted(length, "image is", "images are")} blank: ${meaning(length === 1 ? "its" : "their")}.`,
      };
}

function quality({ brightness }: ExploreReport): Finding[] {
  const { darkRows, lowContrastRows, blurredRows } = brightness;
  const lists: [FindingKind, readonly number[], string][] = [
    ["dark", darkRows, `dark (mean of the values below ${DARK_BELOW})`],
    ["low-contrast", lowContrastRows, `low in contrast (standard deviation below ${LOW_CONTRAST_BELOW})`], // prettier-ignore
    ["blurred", blurredRows, `blurred (sharpness below ${BLURRED_BELOW})`],
  ];
  return lists.flatMap(([kind, rows, what]): Finding[] =>
    rows.length === 0
      ? []
      : [
          {
            level: "note",
            kinds: [kind],
            text: `${counted(rows.length, "image is", "images are")} ${what}.`,
          },
        ],
  );
}

function votes({ votes: agreement, classes }: ExploreReport): Finding[] {
  if (agreement?.overall == null) return [];
  const { overall, disagreement, contradictedRows, disputedRows, noFaceRows } = agreement;
  const shares = disagreement.map((share, label) => ({ share: share ?? 0, name: classes[label] }));
  const [worst] = [...shares].sort((a, b) => b.share - a.share);
  const found: Finding[] = [
    {
      level: overall >= 0.1 ? "problem" : "note",
      text: `The FER+ votes disagree with ${formatPercent(overall, 1)} of the labels, most of all with ${worst?.name ?? ""} (${formatPercent(worst?.share ?? 0, 1)}).`,
    },
  ];
  const lists: [FindingKind, readonly number[], string, string][] = [
    ["contradicted-label", contradictedRows, "label has", "labels have no vote, while more than half of the votes are for one other class"], // prettier-ignore
    ["disputed", disputedRows, "image is", "images are disputed: people voted for many different answers"], // prettier-ignore
    ["no-face", noFaceRows, "image shows", "images show no face to more than half of the voters"],
  ];
  for (const [kind, rows, one, many] of lists) {
    if (rows.length === 0) continue;
    const text = counted(rows.length, many.replace(/^\S+ \S+/, one), many);
    found.push({
      level: kind === "disputed" ? "note" : "problem",
      kinds: [kind],
      text: `${text}.`,
    });
  }
  return found;
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
