import { confirmedText, type FaceResult } from "@mien/format";

/**
 * The caption of a face in an annotated picture: the confirmed expression with its probability in
 * this frame, and who it is.
 *
 * - `Ada, track 2: Happy 93 %`: `confirmed`;
 * - `track 2: Neutral (unsure), Happy 41 %`: no expression reached the quorum, so the `expression` of
 *   this frame follows;
 * - `track 2: (Happy 93 %)`: the `expression` of this frame, while the confirmation window fills;
 * - `Happy 93 %`: the `expression` of an image, which has no track.
 *
 * @param labels of the probabilities.
 */
export function captionOf(face: FaceResult, labels: readonly string[]): string {
  const { person, track, confirmed, quorumReached, expression, probabilities } = face;
  const withShare = (label: string) =>
    `${label} ${Math.round(100 * (probabilities[labels.indexOf(label)] ?? 0))} %`;
  const who = [person?.name, track === null ? undefined : `track ${track}`].filter(Boolean);
  const prefix = who.length === 0 ? "" : `${who.join(", ")}: `;
  if (track === null) return prefix + withShare(expression);
  if (confirmed === null) return `${prefix}(${withShare(expression)})`;
  if (quorumReached === true) return prefix + withShare(confirmed);
  return `${prefix}${confirmedText(face)}, ${withShare(expression)}`;
}
