import { findPictures, groupCopies, groupPositions, resolveSplit } from "@mien/data";
import { itemAt, random, shuffle, type ImageSet, type Split, type SplitChoice } from "@mien/format";

/** Share of the training split on which trials are evaluated; no trial is trained on them. */
const SELECTION_SHARE = 0.2;

/**
 * Divides the training split into images on which trials are trained and images on which trials are
 * evaluated, stratified by class, in the same way in every study on the same data and split. The
 * validation split and the test split are not used. Copies of one image are never divided, because a trial would be
 * evaluated on images that it was trained on; near-copies neither, unless the split is the official
 * one, because the rows of existing studies must not change.
 *
 * @throws {MienError} what `resolveSplit` throws.
 */
export async function selectionSplit(
  set: ImageSet,
  choice: SplitChoice = { split: "official" },
): Promise<Split> {
  const pictures = choice.split === "official" ? undefined : await findPictures(set);
  const { train, rule } = await resolveSplit(set, choice, pictures);
  const groups = pictures
    ? groupPositions(train, (position) => itemAt(pictures.pictureOf, position))
    : groupCopies(set, train);
  const selection = groups.map(() => false);
  for (const label of set.classes.keys()) {
    const ofClass = Uint32Array.from(
      [...groups.keys()].filter((group) => set.labels[groups[group]?.[0] ?? 0] === label),
    );
    const count = Math.round(SELECTION_SHARE * ofClass.length);
    // The key must not change, because it determines the selection split of existing studies.
    for (const group of shuffle(ofClass, random("judging part", label)).subarray(0, count)) {
      selection[group] = true;
    }
  }
  const part = (isSelection: boolean) =>
    Uint32Array.from(groups.filter((_, group) => selection[group] === isSelection).flat()).sort();
  return { rule, train: part(false), validation: part(true), test: Uint32Array.of() };
}
