import { createHash } from "node:crypto";
import { imageAt, type ImageSet } from "@mien/format";

/**
 * Groups images whose pixels are all equal.
 *
 * @param positions of the images to group; default: all images of the set.
 * @returns the positions of each different image, also of images without a copy, in the order of
 *   their first positions.
 */
export function groupCopies(
  set: ImageSet,
  positions: Iterable<number> = set.labels.keys(),
): number[][] {
  const byHash = new Map<string, number[]>();
  for (const position of positions) {
    const hash = createHash("sha256").update(imageAt(set, position)).digest("base64");
    const copies = byHash.get(hash);
    if (copies === undefined) byHash.set(hash, [position]);
    else copies.push(position);
  }
  return [...byHash.values()];
}
