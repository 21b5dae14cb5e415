import { createHash } from "node:crypto";
import { imageAt, itemAt, type ImageSet } from "@mien/format";

/** 32-bit words of a hash that are compared: 128 bits, so that different images never have the same. */
const WORDS = 4;

/** Which images have equal pixels. */
export interface Copies {
  /** Number of different images. */
  readonly distinct: number;
  /** For each of the given positions, the first of them whose image has the same pixels. */
  readonly firstOf: Uint32Array;
  /** The positions of each image that occurs more than once, in the order of their first positions. */
  readonly groups: readonly number[][];
}

/**
 * Finds images whose pixels are all equal. Takes 30 bytes of memory for each image, so that millions
 * of images are possible.
 *
 * @param positions of the images to compare; default: all images of the set.
 */
export function findCopies(set: ImageSet, positions?: ArrayLike<number>): Copies {
  const count = positions?.length ?? set.labels.length;
  const positionAt = (i: number) => (positions === undefined ? i : (positions[i] ?? 0));
  const firstOf = new Uint32Array(count);
  const hashes = new Uint32Array(count * WORDS);
  // A hash table with open addressing: 1 + the index of an image, 0 for a free place.
  const places = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(2, count * 1.5))));
  const isSame = (a: number, b: number) => {
    for (let word = 0; word < WORDS; word++) {
      if (hashes[a * WORDS + word] !== hashes[b * WORDS + word]) return false;
    }
    return true;
  };
  const groupOf = new Map<number, number[]>();
  let distinct = 0;
  for (let i = 0; i < count; i++) {
    const hash = createHash("sha256")
      .update(imageAt(set, positionAt(i)))
      .digest();
    for (let word = 0; word < WORDS; word++) hashes[i * WORDS + word] = hash.readUInt32LE(4 * word);
    let place = itemAt(hashes, i * WORDS) & (places.length - 1);
    let found = itemAt(places, place);
    while (found !== 0 && !isSame(found - 1, i)) {
      place = (place + 1) & (places.length - 1);
      found = itemAt(places, place);
    }
    if (found === 0) {
      distinct++;
      places[place] = i + 1;
      firstOf[i] = positionAt(i);
      continue;
    }
    const first = found - 1;
    firstOf[i] = positionAt(first);
    const group = groupOf.get(first);
    if (group === undefined) groupOf.set(first, [positionAt(first), positionAt(i)]);
    else group.push(positionAt(i));
  }
  const groups = [...groupOf.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
  return { distinct, firstOf, groups };
}

/**
 * Groups images whose pixels are all equal. For millions of images, `findCopies` takes less memory.
 *
 * @param positions of the images to group; default: all images of the set.
 * @returns the positions of each different image, also of images without a copy, in the order of
 *   their first positions.
 */
export function groupCopies(
  set: ImageSet,
  positions: Iterable<number> = set.labels.keys(),
): number[][] {
  const given = Uint32Array.from(positions);
  const { firstOf, groups } = findCopies(set, given);
  const groupOf = new Map(groups.map((group) => [group[0], group]));
  const all: number[][] = [];
  for (const [i, first] of firstOf.entries()) {
    if (first === given[i]) all.push(groupOf.get(first) ?? [first]);
  }
  return all;
}

/**
 * Groups positions that have the same key, for example the same picture.
 *
 * @returns the groups in the order of their first positions.
 */
export function groupPositions<Key>(
  positions: Iterable<number>,
  keyOf: (position: number) => Key,
): number[][] {
  const byKey = new Map<Key, number[]>();
  for (const position of positions) {
    const key = keyOf(position);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [position]);
    else group.push(position);
  }
  return [...byKey.values()];
}
