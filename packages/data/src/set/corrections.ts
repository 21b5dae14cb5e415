import { imageAt, imageCount, imageSize, itemAt, MienError, type ImageSet } from "@mien/format";
import type { Correction, Corrections } from "./read-corrections.ts";

/** How many lines of a file of corrections had which effect. */
export interface CorrectionCounts {
  readonly relabelled: number;
  readonly dropped: number;
  /** Lines that confirm the label of an image. */
  readonly kept: number;
  /** Lines that would change an image, but not one of those to be corrected. */
  readonly notApplied: number;
}

/** A data set after corrections. */
export interface CorrectedImages {
  /** The same images at the same positions, with the new labels. */
  readonly set: ImageSet;
  /** Positions of the images to leave out, in ascending order; `withoutImages` removes them. */
  readonly dropped: Uint32Array;
  readonly counts: CorrectionCounts;
}

/**
 * Applies corrections to a data set. All lines are checked, also those that are not applied.
 *
 * @param positions of the images to correct, for example those of the training split; default all.
 * @returns a new set; `set` is not changed.
 * @throws {MienError} `mismatch`, with the number of the line, if a row or a class does not exist, or
 *   if the data set gives a row another label than the file says.
 */
export function correctImages(
  set: ImageSet,
  corrections: Corrections,
  positions?: Uint32Array,
): CorrectedImages {
  const isCorrected = new Uint8Array(imageCount(set)).fill(positions === undefined ? 1 : 0);
  positions?.forEach((position) => (isCorrected[position] = 1));
  const positionOf = new Map(Array.from(set.row, (row, position) => [row, position]));
  const labels = Uint8Array.from(set.labels);
  const dropped: number[] = [];
  const counts = { relabelled: 0, dropped: 0, kept: 0, notApplied: 0 };
  for (const entry of corrections.entries) {
    const position = positionOf.get(entry.row);
    const newLabel = check(entry, { set, position, file: corrections.path });
    if (position === undefined || entry.action === "keep") counts.kept++;
    else if (isCorrected[position] === 0) counts.notApplied++;
    else if (entry.action === "drop") {
      dropped.push(position);
      counts.dropped++;
    } else {
      labels[position] = newLabel;
      counts.relabelled++;
    }
  }
  return { set: { ...set, labels }, dropped: Uint32Array.from(dropped).sort(), counts };
}

/**
 * Checks one line against the data set.
 *
 * @returns index of the new class; -1 without a new class.
 */
function check(
  { row, line, label, newLabel }: Correction,
  from: {
    readonly set: ImageSet;
    readonly position: number | undefined;
    readonly file: string;
  },
): number {
  const { set, position, file } = from;
  const fail = (problem: string): never => {
    throw new MienError("mismatch", `${file}: line ${line}: ${problem}`, {
      advice: `The corrections must have been made for this data set, which has ${imageCount(set)} images and the classes ${set.classes.join(", ")}.`,
    });
  };
  if (position === undefined) return fail(`the data set has no row ${row}`);
  const own = itemAt(set.classes, itemAt(set.labels, position));
  if (own !== label) fail(`row ${row} has the label ${own} in the data set, "${label}" here`);
  const index = set.classes.indexOf(newLabel);
  return newLabel !== "" && index < 0 ? fail(`there is no class "${newLabel}"`) : index;
}

/** What corrections did, in words: `corrections: 40 relabelled, 12 dropped, 7 confirmed`. */
export function describeCorrections({
  relabelled,
  dropped,
  kept,
  notApplied,
}: CorrectionCounts): string {
  const number = (value: number) => value.toLocaleString("en");
  const parts = [`${number(relabelled)} relabelled`, `${number(dropped)} dropped`];
  if (kept > 0) parts.push(`${number(kept)} confirmed`);
  if (notApplied > 0) parts.push(`${number(notApplied)} outside the training split not applied`);
  return `corrections: ${parts.join(", ")}`;
}

/**
 * A data set without some of its images.
 *
 * @param positions of the images to leave out.
 */
export function withoutImages(set: ImageSet, positions: Iterable<number>): ImageSet {
  const omitted = new Set(positions);
  if (omitted.size === 0) return set;
  const kept = Array.from(set.row.keys()).filter((position) => !omitted.has(position));
  const size = imageSize(set);
  const pixels = new Uint8Array(kept.length * size);
  kept.forEach((position, i) => pixels.set(imageAt(set, position), i * size));
  return {
    ...set,
    pixels,
    labels: Uint8Array.from(kept, (i) => itemAt(set.labels, i)),
    usage: Uint8Array.from(kept, (i) => itemAt(set.usage, i)),
    row: Uint32Array.from(kept, (i) => itemAt(set.row, i)),
  };
}
