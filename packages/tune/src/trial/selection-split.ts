import { createHash } from "node:crypto";
import { imageAt, officialSplit, random, shuffle, type ImageSet, type Split } from "@mien/format";

/** Share of Training that judges trials and that none of them learns from. */
const JUDGING_SHARE = 0.2;

/**
 * Cuts the Training rows in two: a part that trials learn from and a part that they are judged on,
 * stratified by class, the same in every study on the same data. PublicTest and PrivateTest stay
 * untouched. Copies of one image stay together, as a copy would be judged from memory.
 *
 * @throws {MienError} `bad-data` if there is no Training row.
 */
export function selectionSplit(set: ImageSet): Pick<Split, "train" | "validation"> {
  const { train } = officialSplit(set);
  const copies = new Map<string, number[]>();
  for (const position of train) {
    const key = createHash("sha1").update(imageAt(set, position)).digest("base64");
    const group = copies.get(key);
    if (group) group.push(position);
    else copies.set(key, [position]);
  }
  const groups = [...copies.values()];
  const judging = groups.map(() => false);
  for (const label of set.classes.keys()) {
    const ofClass = Uint32Array.from(
      [...groups.keys()].filter((group) => set.labels[groups[group]?.[0] ?? 0] === label),
    );
    const count = Math.round(JUDGING_SHARE * ofClass.length);
    for (const group of shuffle(ofClass, random("judging part", label)).subarray(0, count)) {
      judging[group] = true;
    }
  }
  const part = (isJudging: boolean) =>
    Uint32Array.from(groups.filter((_, group) => judging[group] === isJudging).flat()).sort();
  return { train: part(false), validation: part(true) };
}
