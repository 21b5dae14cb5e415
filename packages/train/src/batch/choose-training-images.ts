import { groupCopies } from "@mien/data";
import { imageAt, random, shuffle, type ImageSet } from "@mien/format";
import type { TrainConfig } from "../config.ts";

/** Standard deviation of the pixel values (0–255) below which an image is blank. */
const BLANK_DEVIATION = 5;

/**
 * The training images that a configuration uses, in the order of the set. The images that `omit`
 * names are left out; of the others, the share `subset` of each class is used, always the same
 * images.
 *
 * @param positions of the training split; copies are searched for only among these.
 */
export function chooseTrainingImages(
  set: ImageSet,
  positions: Uint32Array,
  { omit, subset }: Pick<TrainConfig, "omit" | "subset">,
): Uint32Array {
  const kept = withoutOmitted(set, positions, omit);
  if (subset === 1) return kept;
  const chosen = set.classes.flatMap((_, label) => {
    const ofClass = kept.filter((position) => set.labels[position] === label);
    const count = Math.ceil(subset * ofClass.length);
    return [...shuffle(ofClass, random("subset", label)).subarray(0, count)];
  });
  return Uint32Array.from(chosen).sort();
}

function withoutOmitted(
  set: ImageSet,
  positions: Uint32Array,
  omit: TrainConfig["omit"],
): Uint32Array {
  if (omit === "nothing") return positions;
  const kept = positions.filter((position) => deviation(imageAt(set, position)) >= BLANK_DEVIATION);
  if (omit === "blank") return kept;
  const conflicting = groupCopies(set, kept).filter(
    (copies) => new Set(copies.map((position) => set.labels[position])).size > 1,
  );
  const omitted = new Set(conflicting.flat());
  return kept.filter((position) => !omitted.has(position));
}

/** The standard deviation of some pixels. */
function deviation(pixels: Uint8Array): number {
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const squares = pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / pixels.length);
}
