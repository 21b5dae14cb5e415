import { EMBEDDING_POINTS } from "./impostor-points.ts";

/**
 * Features of strangers for the calibration of a recogniser, so that the line to strangers can be
 * drawn when one person is enrolled and there is nobody to compare with.
 *
 * @param kind of the recogniser.
 * @returns none for kinds that nothing was brought along for.
 */
export function impostorsFor(kind: string): Float32Array[] {
  const { length, scale, base64 } = EMBEDDING_POINTS;
  if (kind !== `embedding-${length}`) return [];
  const bytes = Int8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return Array.from({ length: bytes.length / length }, (_, i) =>
    Float32Array.from(bytes.subarray(i * length, (i + 1) * length), (value) => value * scale),
  );
}
