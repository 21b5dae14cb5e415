import type { Recogniser } from "./recogniser.ts";

/** The part of a recogniser that compares features. */
export type DistanceMeasure = Pick<Recogniser, "distance" | "neighbours" | "minDeviation">;

/**
 * The distance from a face to a person: the mean distance to the person's nearest pictures, so that
 * with several neighbours one unusual picture does not decide alone.
 *
 * @param pictures features of the person's pictures, at least one.
 */
export function distanceToPerson(
  feature: Float32Array,
  pictures: readonly Float32Array[],
  { distance, neighbours }: DistanceMeasure,
): number {
  const nearest = pictures
    .map((picture) => distance(feature, picture))
    .sort((a, b) => a - b)
    .slice(0, neighbours);
  return nearest.reduce((sum, one) => sum + one, 0) / nearest.length;
}
