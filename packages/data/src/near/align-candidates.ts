import { align, makeReference, type Alignment, type Reference } from "./align.ts";
import { movesFrom, type Descriptors } from "./descriptors.ts";
import { searchPairs, type Part } from "./search.ts";
import { THUMBNAIL_SIDE } from "./thumbnails.ts";

/** What is searched. */
export interface NearSearch {
  /** As from `makeThumbnails`. */
  readonly thumbnails: Float32Array;
  readonly descriptors: Descriptors;
  /** Smallest similarity of near-copies. */
  readonly atLeast: number;
  /** The part of the pairs that is searched; default all. */
  readonly part?: Part;
}

/** Two near-copies by their places in the thumbnails. */
export interface NearPlaces extends Alignment {
  readonly low: number;
  readonly high: number;
  readonly isMirrored: boolean;
}

const AREA = THUMBNAIL_SIDE * THUMBNAIL_SIDE;

/** Finds pairs with near descriptors and aligns them; a pair may be found twice, once mirrored. */
export function alignCandidates({
  thumbnails,
  descriptors,
  atLeast,
  part,
}: NearSearch): NearPlaces[] {
  const thumbnailOf = (place: number) => thumbnails.subarray(place * AREA, (place + 1) * AREA);
  const movesOf = movesFrom(thumbnails, descriptors);
  const pairs: NearPlaces[] = [];
  let reference: { readonly place: number; readonly of: Reference } | undefined;
  const given = { movesOf, ...(part && { part }) };
  searchPairs(descriptors, given, (first, second, isMirrored) => {
    if (reference?.place !== first) {
      reference = { place: first, of: makeReference(thumbnailOf(first)) };
    }
    const found = align(reference.of, thumbnailOf(second), { isMirrored, atLeast });
    if (found === undefined) return;
    const [low, high] = first < second ? [first, second] : [second, first];
    pairs.push({ low, high, isMirrored, ...found });
  });
  return pairs;
}
