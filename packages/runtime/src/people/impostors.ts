import { EMBEDDING_POINTS } from "./impostor-points.ts";

/**
 * Features of strangers, with which the recognition threshold can be estimated even when only one
 * person is enrolled.
 *
 * @param kind of the recogniser.
 * @returns an empty list for kinds for which mien has no such features.
 */
export function impostorsFor(kind: string): Float32Array[] {
  const { length, scale, base64 } = EMBEDDING_POINTS;
  if (kind !== `embedding-${length}`) return [];
  const bytes = Int8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return Array.from({ length: bytes.length / length }, (_, i) =>
    Float32Array.from(bytes.subarray(i * length, (i + 1) * length), (value) => value * scale),
  );
}
