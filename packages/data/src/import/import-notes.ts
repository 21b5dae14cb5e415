import { counted } from "@mien/cli";
import { USAGES } from "@mien/format";
import { nameSome } from "./arrange-images.ts";
import type { ReadImages } from "./read-images.ts";

/** What happened to the sizes of the images, as phrases without a full stop. */
export function sizeNotes({ notSquare, enlarged }: ReadImages, size: number): string[] {
  const note = (images: number, what: string) =>
    images > 0 ? [`${what} to ${size}×${size}: ${counted(images, "image")}`] : [];
  return [
    ...note(notSquare, "stretched, because they are not square,"),
    ...note(enlarged, "enlarged, because they are smaller,"),
  ];
}

/**
 * Which classes are missing in a split, and what to do if there is no validation split; phrases without
 * a full stop.
 *
 * @param counts images by class (rows) and split (columns, in the order of `USAGES`).
 */
export function splitNotes(
  classes: readonly string[],
  counts: readonly (readonly number[])[],
): string[] {
  const perSplit = USAGES.map((_, usage) => counts.map((row) => row[usage] ?? 0));
  const totals = perSplit.map((images) => images.reduce((sum, count) => sum + count, 0));
  const missing = USAGES.flatMap((name, usage) => {
    const without = classes.filter((_, label) => perSplit[usage]?.[label] === 0);
    const isUsed = (totals[usage] ?? 0) > 0 && without.length > 0;
    return isUsed ? [`${name} has no image of ${nameSome(without)}`] : [];
  });
  const [training = 0, validation = 0, test = 0] = totals;
  if (validation > 0 || training === 0) return missing;
  // The images of a test split stay there, so its share is what it is; 10 % are for validation.
  const share = Math.min(80, Math.max(1, Math.round((100 * test) / (training + test))));
  const split = test === 0 ? "70/20/10" : `${90 - share}/10/${share}`;
  return [
    ...missing,
    `no image is PublicTest, the split on which training chooses the best epoch: add --split ${split} to data:import or train:fit`,
  ];
}
