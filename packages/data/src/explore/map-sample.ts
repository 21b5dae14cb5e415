import { imageCount, itemAt, random, shuffle, type ImageSet } from "@mien/format";
import type { FindingKind, FoundImages } from "./galleries.ts";
import type { EmbeddedImages } from "../map/embedding.ts";

/** Largest number of images in the map, and of those that are chosen because of a finding. */
const MOST = { images: 3000, found: 2000 };

/** The images that the map shows. */
export interface MapSample {
  /** Places in `EmbeddedImages.positions`, in the order of their first component. */
  readonly shown: readonly number[];
  /** The kinds of findings that have images in the map, the rarest first. */
  readonly kinds: readonly FindingKind[];
  /** The rarest kind of each shown image, an index in `kinds`; −1 for images without findings. */
  readonly kindOf: readonly number[];
}

/**
 * Chooses at most 3,000 images: all of the rarest kinds of findings, as many as fit of the others, and
 * images drawn at random from the whole set.
 */
export function chooseMapSample(
  set: ImageSet,
  { positions, places }: EmbeddedImages,
  { found, seed }: { readonly found: readonly FoundImages[]; readonly seed: number },
): MapSample {
  const placeOfRow = new Map(Array.from(positions, (position, i) => [set.row[position] ?? -1, i]));
  const chance = random(seed, "map");
  const byKind = found
    .map(({ kind, groups }) => ({
      kind,
      places: groups.flatMap(({ rows }) => rows.flatMap((row) => placeOfRow.get(row) ?? [])),
    }))
    .sort((a, b) => a.places.length - b.places.length);
  const kindOf = new Map<number, number>();
  const shown = new Set<number>();
  for (const [index, { places: own }] of byKind.entries()) {
    for (const place of own) if (!kindOf.has(place)) kindOf.set(place, index);
    // The places that are left are divided among the kinds that are left.
    const share = Math.ceil((MOST.found - shown.size) / (byKind.length - index));
    const order = shuffle(Uint32Array.from(own), chance);
    for (const place of order.subarray(0, Math.max(0, share))) shown.add(place);
  }
  const all = shuffle(
    Uint32Array.from({ length: positions.length }, (_, i) => i),
    chance,
  );
  for (const place of all) {
    if (shown.size >= Math.min(MOST.images, imageCount(set))) break;
    shown.add(place);
  }
  const x = (place: number) => itemAt(places, 2 * place);
  const sorted = [...shown].sort((a, b) => x(a) - x(b));
  return {
    shown: sorted,
    kinds: byKind.map(({ kind }) => kind),
    kindOf: sorted.map((place) => kindOf.get(place) ?? -1),
  };
}
