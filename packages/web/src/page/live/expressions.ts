import type { FaceResult } from "@mien/format";

/** One colour a class, in the order of the labels; they differ in lightness, too. */
const COLOURS = ["#d1495b", "#6a994e", "#7b5ea7", "#e9a03b", "#3d7ea6", "#2a9d8f", "#8d99ae"];

export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

/** Of what stands for no expression. */
const UNSURE = "#6b716d";

/** The colour of what is confirmed, else of the frame's own expression; grey without a quorum. */
export function colourOfConfirmed(
  face: Pick<FaceResult, "confirmed" | "quorumReached" | "expression">,
  labels: readonly string[],
): string {
  if (face.quorumReached === false) return UNSURE;
  return colourOf(Math.max(0, labels.indexOf(face.confirmed ?? face.expression)));
}

/** How a face is called. */
export function nameOf(face: { person: { name: string } | null; track: number | null }): string {
  return face.person?.name ?? `Unknown ${face.track ?? ""}`.trim();
}

/** Whether `nameOf` calls a stranger so. */
export function isStranger(name: string): boolean {
  return /^Unknown( \d+)?$/.test(name);
}

/** The same, without names where they are to be hidden. */
export function shownName(face: Parameters<typeof nameOf>[0], privacy: boolean): string {
  return privacy ? `Face ${face.track ?? ""}`.trim() : nameOf(face);
}

/** `12 %`; what rounds to nothing, but may not be nothing, is `under 0.1 %`. */
export function rateText(share: number): string {
  return share < 0.0005 ? "under 0.1 %" : percent(share, 1);
}

export function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}
