import { itemAt, type ImageSet } from "@mien/format";
import { align, makeReference } from "./align.ts";
import type { NearPair } from "./near-pair.ts";
import { makeThumbnails, THUMBNAIL_SIDE as SIDE } from "./thumbnails.ts";

/** Rows of the hash; each has eight bits. */
const ROWS = 8;
/** Points along a row whose brightness is compared with the next one's. */
const POINTS = 9;
/** The rows of the hash by which images are sorted, most significant first; each order is tried. */
const ORDERS: readonly (readonly number[])[] = [
  [0, 1, 2, 3],
  [2, 3, 4, 5],
  [4, 5, 6, 7],
  [6, 7, 0, 1],
];
/** Number of images after an image in an order with which it is compared. */
const NEIGHBOURS = 24;
/** Largest number of the 64 bits that differ between candidates. */
const MAX_DIFFERENT = 8;
/** Largest number of candidates of an image. */
const CANDIDATES = 2;
/** Images whose thumbnails are in memory at the same time, without their candidates. */
const CHUNK = 2048;
/** Largest number of pairs; more would not fit into memory, and nobody reads so many. */
const MOST_PAIRS = 250_000;

/**
 * Finds near-copies among so many images that not every pair can be compared. A hash of 64 bits says
 * for each image where it becomes lighter from left to right (dHash, Krawetz 2013). Images are sorted
 * by four parts of the hash, compared with their neighbours in each order, and aligned with the two
 * most similar ones. This takes 60 bytes of memory for each image, and a time that grows no faster than
 * sorting. It finds fewer copies that are moved or scaled than the search in all pairs.
 *
 * @param images positions of different images with enough contrast, ascending.
 * @returns at most 250,000 pairs.
 */
export function findNeighbours(set: ImageSet, images: Uint32Array, atLeast: number): NearPair[] {
  const hashes = hashImages(set, images);
  const candidates = findCandidates(hashes, images.length);
  const pairs: NearPair[] = [];
  for (let from = 0; from < images.length && pairs.length < MOST_PAIRS; from += CHUNK) {
    const to = Math.min(images.length, from + CHUNK);
    const wanted = new Set<number>();
    for (let a = from; a < to; a++) {
      for (const { other } of candidates.of(a)) wanted.add(a).add(other);
    }
    const places = Uint32Array.from(wanted).sort();
    const thumbnails = makeThumbnails(
      set,
      places.map((place) => itemAt(images, place)),
    );
    const thumbnailOf = new Map(
      Array.from(places, (place, i) => [
        place,
        thumbnails.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE),
      ]),
    );
    for (let a = from; a < to; a++) {
      const some = candidates.of(a);
      const first = thumbnailOf.get(a);
      if (some.length === 0 || first === undefined) continue;
      const reference = makeReference(first);
      for (const { other, isMirrored } of some) {
        const second = thumbnailOf.get(other);
        const found = second && align(reference, second, { isMirrored, atLeast });
        if (!found) continue;
        pairs.push({ a: itemAt(images, a), b: itemAt(images, other), isMirrored, ...found });
      }
    }
  }
  return pairs.slice(0, MOST_PAIRS);
}

/** The hashes of images: [images, ROWS], one byte for each row. */
function hashImages(set: ImageSet, images: Uint32Array): Uint8Array {
  const hashes = new Uint8Array(images.length * ROWS);
  for (let from = 0; from < images.length; from += CHUNK) {
    const some = images.subarray(from, from + CHUNK);
    const thumbnails = makeThumbnails(set, some);
    for (let i = 0; i < some.length; i++) {
      const thumbnail = thumbnails.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
      for (let row = 0; row < ROWS; row++) {
        hashes[(from + i) * ROWS + row] = hashRow(thumbnail, row);
      }
    }
  }
  return hashes;
}

/** Bit k from the left: whether the row becomes lighter from point k to point k + 1. */
function hashRow(thumbnail: Float32Array, row: number): number {
  const height = SIDE / ROWS;
  let [bits, before] = [0, 0];
  for (let point = 0; point < POINTS; point++) {
    // The points lie symmetrically, so that the hash of the mirror image follows from the hash.
    const x = (point * (SIDE - 1)) / (POINTS - 1);
    const left = Math.min(SIDE - 2, Math.floor(x));
    let value = 0;
    for (let y = row * height; y < (row + 1) * height; y++) {
      const at = y * SIDE + left;
      value += itemAt(thumbnail, at) * (1 - (x - left)) + itemAt(thumbnail, at + 1) * (x - left);
    }
    if (point > 0) bits = (bits << 1) | (before < value ? 1 : 0);
    before = value;
  }
  return bits;
}

/** A row of the hash of the mirror image: the bits in reverse order, with the other sign. */
const MIRRORED = Uint8Array.from({ length: 256 }, (_, bits) => {
  let reversed = 0;
  for (let k = 0; k < 8; k++) reversed |= ((bits >> k) & 1) << (7 - k);
  return ~reversed & 255;
});

const ONES = Uint8Array.from({ length: 256 }, (_, bits) => {
  let ones = 0;
  for (let rest = bits; rest > 0; rest >>= 1) ones += rest & 1;
  return ones;
});

/** The candidates of all images: each pair once, with the lower image. */
class Candidates {
  /** 1 + 2 × the other image + whether it is mirrored; 0 for none. */
  readonly #others: Float64Array;
  readonly #distances: Uint8Array;

  constructor(images: number) {
    this.#others = new Float64Array(images * CANDIDATES);
    this.#distances = new Uint8Array(images * CANDIDATES);
  }

  /** Adds a candidate, unless it is known or the image has enough that are more similar. */
  add(image: number, other: number, { isMirrored, distance }: Likeness): void {
    const value = 1 + 2 * other + (isMirrored ? 1 : 0);
    let [worst, most] = [-1, distance];
    for (let k = image * CANDIDATES; k < (image + 1) * CANDIDATES; k++) {
      const known = itemAt(this.#others, k);
      if (known === value) return;
      const far = known === 0 ? Infinity : itemAt(this.#distances, k);
      if (far > most) [worst, most] = [k, far];
    }
    if (worst < 0) return;
    this.#others[worst] = value;
    this.#distances[worst] = distance;
  }

  of(image: number): { other: number; isMirrored: boolean }[] {
    const some = [];
    for (let k = image * CANDIDATES; k < (image + 1) * CANDIDATES; k++) {
      const value = itemAt(this.#others, k) - 1;
      if (value >= 0) some.push({ other: Math.floor(value / 2), isMirrored: value % 2 === 1 });
    }
    return some;
  }
}

interface Likeness {
  readonly isMirrored: boolean;
  /** Number of bits that differ. */
  readonly distance: number;
}

function findCandidates(hashes: Uint8Array, count: number): Candidates {
  const candidates = new Candidates(count);
  // Each image is in the order twice, the second time mirrored: entry 2 × image + 1. A number holds
  // the key above the entry, so that sorting numbers sorts entries.
  const entryBits = Math.ceil(Math.log2(Math.max(2, 2 * count)));
  const keyBits = Math.min(32, 53 - entryBits);
  const byteOf = (entry: number, row: number) => {
    const bits = itemAt(hashes, (entry >>> 1) * ROWS + row);
    return entry & 1 ? itemAt(MIRRORED, bits) : bits;
  };
  const sorted = new Float64Array(2 * count);
  for (const order of ORDERS) {
    for (let entry = 0; entry < 2 * count; entry++) {
      const key = order.reduce((sum, row) => sum * 256 + byteOf(entry, row), 0);
      sorted[entry] = Math.floor(key / 2 ** (32 - keyBits)) * 2 ** entryBits + entry;
    }
    sorted.sort();
    const entryAt = (place: number) => itemAt(sorted, place) % 2 ** entryBits;
    for (let i = 0; i < sorted.length; i++) {
      const first = entryAt(i);
      for (let j = i + 1; j <= i + NEIGHBOURS && j < sorted.length; j++) {
        const second = entryAt(j);
        const [a, b] = [first >>> 1, second >>> 1];
        if (a === b) continue;
        let distance = 0;
        for (let row = 0; row < ROWS && distance <= MAX_DIFFERENT; row++) {
          distance += itemAt(ONES, byteOf(first, row) ^ byteOf(second, row));
        }
        if (distance > MAX_DIFFERENT) continue;
        const isMirrored = ((first ^ second) & 1) === 1;
        candidates.add(Math.min(a, b), Math.max(a, b), { isMirrored, distance });
      }
    }
  }
  return candidates;
}
