import { groupCopies } from "@mien/data";
import { officialSplit, random, shuffle, type ImageSet, type Split } from "@mien/format";

/** Share of the Training rows on which trials are evaluated; no trial is trained on them. */
const SELECTION_SHARE = 0.2;

/**
 * Divides the Training rows into rows on which trials are trained and rows on which trials are
 * evaluated, stratified by class, in the same way in every study on the same data. PublicTest and
 * PrivateTest are not used. Copies of one image are never divided, because a trial would be
 * evaluated on images that it was trained on.
 *
 * @throws {MienError} `bad-data` if there are no Training rows.
 */
export function selectionSplit(set: ImageSet): Pick<Split, "train" | "validation"> {
  const { train } = officialSplit(set);
  const groups = groupCopies(set, train);
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
  return { train: part(false), validation: part(true) };
}
