import { availableParallelism } from "node:os";
import { imageAt, itemAt, type ImageSet } from "@mien/format";
import { findCopies } from "./group-copies.ts";
import { alignCandidates, type NearPlaces } from "./align-candidates.ts";
import { describeImages } from "./descriptors.ts";
import { momentsOf } from "./moments.ts";
import type { NearPair } from "./near-pair.ts";
import { findNeighbours } from "./neighbours.ts";
import { alignInThreads } from "./search-threads.ts";
import { makeThumbnails } from "./thumbnails.ts";

/** Smallest similarity of near-copies. */
export const NEAR_COPY_FROM = 0.97;
/**
 * Of more different images, only images with a similar hash are compared (`findNeighbours`): comparing
 * all pairs takes 3 KB of memory for each image and a time that grows with the square of their number.
 */
export const MOST_COMPARED = 100_000;
/** Images with a shorter side have too few pixels to tell a changed copy from another picture. */
const MIN_SIDE = 16;
/** Images whose values have a smaller standard deviation have too little structure to compare. */
const MIN_CONTRAST = 5;
/** With fewer images, the start of threads takes longer than the search. */
const THREADS_FROM = 4000;
/** Largest number of threads. */
const MAX_THREADS = 8;

/**
 * Finds near-copies: images that are equal except that one is mirrored, moved by up to 2 of 48
 * pixels, enlarged by up to 5 %, lighter or darker by up to 15 %, or compressed as JPEG. Exact copies
 * count as one image, that of their first position. Sets of 4,000 images or more are searched by one
 * thread for each processor.
 *
 * @param options.atLeast smallest similarity; default `NEAR_COPY_FROM`.
 * @param options.mostCompared number of images from which not all pairs are compared; default
 *   `MOST_COMPARED`.
 * @returns the pairs, the most similar first; none for images smaller than 16 pixels.
 */
export async function findNearCopies(
  set: ImageSet,
  options: { readonly atLeast?: number; readonly mostCompared?: number } = {},
): Promise<NearPair[]> {
  const { atLeast = NEAR_COPY_FROM, mostCompared = MOST_COMPARED } = options;
  if (Math.min(set.height, set.width) < MIN_SIDE) return [];
  const images = findCopies(set).firstOf.filter(
    (first, image) => first === image && momentsOf(imageAt(set, image)).deviation >= MIN_CONTRAST,
  );
  const inOrder = (pairs: NearPair[]) =>
    pairs.sort((p, q) => q.similarity - p.similarity || p.a - q.a || p.b - q.b);
  if (images.length > mostCompared) return inOrder(findNeighbours(set, images, atLeast));
  const thumbnails = makeThumbnails(set, images);
  const search = { thumbnails, descriptors: describeImages(thumbnails), atLeast };
  const threads = Math.min(MAX_THREADS, availableParallelism());
  const found =
    images.length < THREADS_FROM || threads < 2
      ? alignCandidates(search)
      : await alignInThreads(search, threads);
  const best = new Map<number, NearPlaces>();
  for (const pair of found) {
    const key = pair.low * images.length + pair.high;
    const known = best.get(key);
    if (known === undefined || known.similarity < pair.similarity) best.set(key, pair);
  }
  const pairs = [...best.values()].map(({ low, high, ...rest }) => ({
    a: itemAt(images, low),
    b: itemAt(images, high),
    ...rest,
  }));
  return inOrder(pairs);
}
