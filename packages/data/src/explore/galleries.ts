import type { ImageSet } from "@mien/format";
import { rowPositions } from "../set/row-positions.ts";
import { BLANK_BELOW, BLURRED_BELOW, DARK_BELOW, LOW_CONTRAST_BELOW } from "./brightness.ts";
import type { ExploreReport } from "./dataset-report.ts";
import type { NearRows } from "./duplicates.ts";

/** A kind of finding that has pictures; also the kind in the CSV. */
export type FindingKind =
  | "copy-across-splits"
  | "copy-with-other-label"
  | "copy"
  | "near-copy-across-splits"
  | "near-copy-with-other-label"
  | "near-copy"
  | "blank"
  | "dark"
  | "low-contrast"
  | "blurred"
  | "contradicted-label"
  | "disputed"
  | "no-face";

/** The images of one finding, by CSV row. */
export interface FoundImages {
  readonly kind: FindingKind;
  readonly title: string;
  /** One sentence: what the images have in common, and their order. */
  readonly text: string;
  /** Groups of copies; a finding about single images has one group with all of them. */
  readonly groups: readonly FoundGroup[];
  /** Whether the groups are groups of copies. */
  readonly isGrouped: boolean;
}

/** Images that belong together. */
export interface FoundGroup {
  readonly rows: readonly number[];
  /** Such as `copy-12`; empty for single images. The same in all findings about copies. */
  readonly name: string;
  /** The most similar pairs of near-copies among them. */
  readonly pairs: readonly NearRows[];
}

/** Lists the images of each finding that has any, the most important first. */
export function foundImages(set: ImageSet, report: ExploreReport): FoundImages[] {
  return [...exactCopies(set, report), ...nearCopies(set, report), ...single(report)].filter(
    ({ groups }) => groups.some(({ rows }) => rows.length > 0),
  );
}

/** Whether the images of some rows differ in a property. */
function differ(set: ImageSet, values: Uint8Array): (group: FoundGroup) => boolean {
  const positionOf = rowPositions(set);
  return ({ rows }) => new Set(rows.map((row) => values[positionOf(row) ?? -1])).size > 1;
}

function exactCopies(set: ImageSet, { duplicates }: ExploreReport): FoundImages[] {
  const groups = duplicates.rowGroups.map((rows, i) => ({
    rows,
    name: `copy-${i + 1}`,
    pairs: [],
  }));
  const [across, conflicting] = [differ(set, set.usage), differ(set, set.labels)];
  const rest = groups.filter((group) => !across(group) && !conflicting(group));
  return [
    {
      kind: "copy-across-splits",
      title: "Exact copies in several splits",
      text: "Equal in every pixel, but in different splits.",
      groups: groups.filter(across),
      isGrouped: true,
    },
    {
      kind: "copy-with-other-label",
      title: "Exact copies with different labels",
      text: "Equal in every pixel, but with different labels.",
      groups: groups.filter(conflicting),
      isGrouped: true,
    },
    {
      kind: "copy",
      title: "Other exact copies",
      text: "Equal in every pixel, within one split and with one label; the largest groups first.",
      groups: rest.sort((a, b) => b.rows.length - a.rows.length),
      isGrouped: true,
    },
  ];
}

function nearCopies(set: ImageSet, { nearCopies: near }: ExploreReport): FoundImages[] {
  const groupOfRow = new Map<
    number,
    { rows: readonly number[]; name: string; pairs: NearRows[] }
  >();
  const groups = near.rowGroups.map((rows, i) => {
    const group = { rows, name: `near-${i + 1}`, pairs: [] };
    for (const row of rows) groupOfRow.set(row, group);
    return group;
  });
  for (const pair of near.rowPairs) groupOfRow.get(pair.rows[0])?.pairs.push(pair);
  // Pairs come with the most similar first, so that this is the order of the groups' best pairs.
  const similarity = ({ pairs }: FoundGroup) => pairs[0]?.similarity ?? 0;
  const withPairs = groups
    .filter(({ pairs }) => pairs.length > 0)
    .sort((a, b) => similarity(b) - similarity(a));
  const [across, conflicting] = [differ(set, set.usage), differ(set, set.labels)];
  const rest = withPairs.filter((group) => !across(group) && !conflicting(group));
  return [
    {
      kind: "near-copy-across-splits",
      title: "Near-copies in several splits",
      text: "The same picture with small changes, in different splits; the most similar first.",
      groups: withPairs.filter(across),
      isGrouped: true,
    },
    {
      kind: "near-copy-with-other-label",
      title: "Near-copies with different labels",
      text: "The same picture with small changes, but with different labels; the most similar first.",
      groups: withPairs.filter(conflicting),
      isGrouped: true,
    },
    {
      kind: "near-copy",
      title: "Other near-copies",
      text: `The same picture with small changes, within one split and with one label. The least similar come first, so that you can judge the limit of ${near.similarityFrom}.`,
      groups: rest.reverse(),
      isGrouped: true,
    },
  ];
}

function single({ brightness, votes }: ExploreReport): FoundImages[] {
  const list = (
    kind: FindingKind,
    [title, text]: readonly [string, string],
    rows: readonly number[] = [],
  ) => ({
    kind,
    title,
    text,
    groups: [{ rows, name: "", pairs: [] }],
    isGrouped: false,
  });
  return [
    list("blank", ["Blank images", `The standard deviation of the values is below ${BLANK_BELOW}.`], brightness.blankRows), // prettier-ignore
    list("dark", ["Dark images", `The mean of the values is below ${DARK_BELOW} of 255; the darkest first.`], brightness.darkRows), // prettier-ignore
    list("low-contrast", ["Images with low contrast", `The standard deviation of the values is below ${LOW_CONTRAST_BELOW}; the lowest first.`], brightness.lowContrastRows), // prettier-ignore
    list("blurred", ["Blurred images", `The sharpness is below ${BLURRED_BELOW}; the most blurred first.`], brightness.blurredRows), // prettier-ignore
    list("contradicted-label", ["Labels that the votes contradict", "Nobody voted for the label, and more than half of the votes are for one other class; the clearest first."], votes?.contradictedRows), // prettier-ignore
    list("disputed", ["Most disputed images", "The voters disagree with each other; the images with the most even votes come first."], votes?.disputedRows), // prettier-ignore
    list("no-face", ["Images without a face", "More than half of the voters see no face; the clearest first."], votes?.noFaceRows), // prettier-ignore
  ];
}
