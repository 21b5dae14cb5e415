/**
 * The name of a face on the page and in reports: the name of the recognised person, else `Unknown` and
 * the number of the track of the face.
 */
export function nameOf(face: {
  readonly person: { readonly name: string } | null;
  readonly track: number | null;
}): string {
  return face.person?.name ?? `Unknown ${face.track ?? ""}`.trim();
}
