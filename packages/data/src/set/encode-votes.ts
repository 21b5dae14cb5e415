import { itemAt, USAGES, type ImageSet } from "@mien/format";
import { stringify } from "csv-stringify/sync";
import type { Votes } from "./ferplus.ts";

/** Encodes votes as a file that `loadVotes` reads, one line for each image of the set. */
export function encodeVotes(votes: Votes, set: ImageSet): string {
  const width = votes.columns.length;
  const lines = Array.from(set.usage, (usage, i) => [
    itemAt(USAGES, usage),
    "",
    ...votes.counts.subarray(i * width, (i + 1) * width),
  ]);
  return stringify([["Usage", "Image name", ...votes.columns], ...lines]);
}
