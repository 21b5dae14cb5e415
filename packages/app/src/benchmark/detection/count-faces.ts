import { overlap, type Box } from "@mien/runtime";

/** Overlap with a true box from which a detection is that face. */
const FOUND = 0.3;

/** What a detector found in some pictures. */
export interface FaceCount {
  /** Faces that are shown. */
  readonly shown: number;
  /** Faces that are found. */
  readonly found: number;
  /** Detections that are no face. */
  readonly falseAlarms: number;
}

export const NOTHING: FaceCount = { shown: 0, found: 0, falseAlarms: 0 };

/** Adds the detections of one picture. */
export function countFaces(
  before: FaceCount,
  { shown, found }: { readonly shown: readonly Box[]; readonly found: readonly Box[] },
): FaceCount {
  const seen = shown.filter((box) => found.some((one) => overlap(one, box) >= FOUND));
  const extra = found.filter((one) => shown.every((box) => overlap(one, box) < FOUND));
  return {
    shown: before.shown + shown.length,
    found: before.found + seen.length,
    falseAlarms: before.falseAlarms + extra.length,
  };
}
