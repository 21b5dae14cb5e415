import type { FaceResult } from "@mien/format";
import { nameOf } from "../../face-name.ts";
import { colourOf } from "../../label-colours.ts";

/** The colour of a face whose confirmation window has no quorum. */
const UNSURE_COLOUR = "#6b716d";

/**
 * The colour of the confirmed expression of a face, else of its expression in this frame; grey if the
 * confirmation window has no quorum.
 */
export function faceColour(
  face: Pick<FaceResult, "confirmed" | "quorumReached" | "expression">,
  labels: readonly string[],
): string {
  if (face.quorumReached === false) return UNSURE_COLOUR;
  return colourOf(Math.max(0, labels.indexOf(face.confirmed ?? face.expression)));
}

/** Whether a name is one that `nameOf` gives to a face that was not recognised. */
export function isUnknown(name: string): boolean {
  return /^Unknown( \d+)?$/.test(name);
}

/**
 * The name of a face to show on its box, its card and its plot: `Face` and the number of its track if
 * names are hidden.
 */
export function shownName(face: Parameters<typeof nameOf>[0], privacy: boolean): string {
  return privacy ? `Face ${face.track ?? ""}`.trim() : nameOf(face);
}
