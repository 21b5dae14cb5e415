import type { Alignment } from "./align.ts";

/** Two images that show the same picture with small changes; positions in the set. */
export interface NearPair extends Alignment {
  readonly a: number;
  /** Above `a`. */
  readonly b: number;
  /** Whether one of them is the mirror image of the other. */
  readonly isMirrored: boolean;
}
