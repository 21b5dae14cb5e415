import { imageCount, itemAt, MienError, USAGES, type ImageSet, type Usage } from "@mien/format";
import { makeThumbnails, THUMBNAIL_SIDE } from "../near/thumbnails.ts";
import { testEnergy, type EnergyTest } from "./energy-test.ts";
import {
  principalComponents,
  readableVectors,
  type VectorSource,
  type Vectors,
} from "./principal-components.ts";
import type { Features } from "./read-features.ts";

/** What the report says about the space in which images are compared. */
export interface Embedding {
  /** `pixels`: thumbnails; `features`: what a model computed of each image. */
  readonly from: "pixels" | "features";
  /** The file of the features; null for pixels. */
  readonly path: string | null;
  /** Number of images in the space. */
  readonly images: number;
  /** Length of a vector. */
  readonly width: number;
  /** Share of the variance along each principal component, 0–1. The map shows the first two. */
  readonly explained: readonly number[];
  /** How far the splits are apart in the space of these components. */
  readonly drift: readonly Drift[];
}

/** The distance of two splits. */
interface Drift extends EnergyTest {
  readonly parts: readonly [Usage, Usage];
  /** p adjusted by Holm's method for the number of pairs of splits. */
  readonly adjustedP: number;
}

/** An embedding with the place of each image. */
export interface EmbeddedImages {
  readonly embedding: Embedding;
  /** Positions of the images in the set. */
  readonly positions: Uint32Array;
  /** float32 [positions, 2], the first two principal components. */
  readonly places: Float32Array;
}

/** Principal components in which splits are compared. */
const COMPONENTS = 10;
/** Splits with fewer images are not compared. */
const MIN_IMAGES = 20;

/**
 * Places the images of a set in a space in which similar images are near, and compares the splits in
 * it.
 *
 * @param options.features of a model; default the pixels of thumbnails of 24 × 24 cells.
 * @param options.seed of the random choices in the analysis and the tests.
 * @throws {MienError} `mismatch` if features belong to another data set.
 */
export function embedImages(
  set: ImageSet,
  { features, seed }: { readonly features?: Features | undefined; readonly seed: number },
): EmbeddedImages {
  const positions = features === undefined ? everyPosition(set) : positionsOf(set, features);
  const vectors = features ? readableVectors(features.vectors) : pixelVectors(set, positions);
  const { projected, explained } = principalComponents(vectors, { components: COMPONENTS, seed });
  const { width, values } = projected;
  const places = new Float32Array(2 * positions.length);
  for (let i = 0; i < positions.length; i++) {
    places[2 * i] = values[i * width] ?? 0;
    places[2 * i + 1] = width > 1 ? (values[i * width + 1] ?? 0) : 0;
  }
  return {
    positions,
    places,
    embedding: {
      from: features === undefined ? "pixels" : "features",
      path: features?.path ?? null,
      images: positions.length,
      width: vectors.width,
      explained,
      drift: compareParts(set, { positions, projected, seed }),
    },
  };
}

function everyPosition(set: ImageSet): Uint32Array {
  return Uint32Array.from({ length: imageCount(set) }, (_, i) => i);
}

/** The thumbnails of images, which are made as they are read: all of them can exceed the memory. */
function pixelVectors(set: ImageSet, positions: Uint32Array): VectorSource {
  return {
    count: positions.length,
    width: THUMBNAIL_SIDE ** 2,
    read: (places) =>
      makeThumbnails(
        set,
        places.map((place) => itemAt(positions, place)),
      ),
  };
}

function positionsOf(set: ImageSet, { path, vectors, rows }: Features): Uint32Array {
  const count = vectors.values.length / vectors.width;
  const advice = "Compute them again from this data set with train:crossval.";
  if (rows === undefined) {
    if (count === imageCount(set)) return everyPosition(set);
    throw new MienError(
      "mismatch",
      `${path} has features of ${count} images, but the data set has ${imageCount(set)}`,
      { advice },
    );
  }
  const positionOf = new Map(Array.from(set.row, (row, i) => [row, i]));
  return Uint32Array.from(rows, (row) => {
    const position = positionOf.get(row);
    if (position !== undefined) return position;
    throw new MienError("mismatch", `the data set has no row ${row}, which ${path} has`, {
      advice,
    });
  });
}

function compareParts(
  set: ImageSet,
  space: { readonly positions: Uint32Array; readonly projected: Vectors; readonly seed: number },
): Drift[] {
  const { positions, projected, seed } = space;
  const members = USAGES.map((name, usage) => ({
    name,
    places: Uint32Array.from(positions.keys()).filter(
      (i) => set.usage[itemAt(positions, i)] === usage,
    ),
  })).filter(({ places }) => places.length >= MIN_IMAGES);
  const tests = members.flatMap((first, a) =>
    members.slice(a + 1).map((second) => ({
      parts: [first.name, second.name] as const,
      ...testEnergy(projected, [first.places, second.places], { seed }),
    })),
  );
  const adjusted = adjustByHolm(tests.map(({ p }) => p));
  return tests.map((test, i) => ({ ...test, adjustedP: itemAt(adjusted, i) }));
}

/** Probabilities of several tests, adjusted by Holm's method. */
function adjustByHolm(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => itemAt(values, a) - itemAt(values, b));
  const adjusted = values.slice();
  let most = 0;
  for (const [place, i] of order.entries()) {
    most = Math.max(most, Math.min(1, (values.length - place) * itemAt(values, i)));
    adjusted[i] = most;
  }
  return adjusted;
}
