import { createHash } from "node:crypto";
import path from "node:path";
import { FOLDERS, readJson, writeJson } from "@mien/cli";
import { imageAt, imageCount, isRecord, itemAt, type ImageSet } from "@mien/format";
import { findCopies } from "./group-copies.ts";
import { findNearCopies } from "./near-copies.ts";
import type { NearPair } from "./near-pair.ts";

/** Version of the cache. Increase it when the search for near-copies changes. */
const VERSION = 1;

/** Which images of a set show the same picture: exact copies and near-copies. */
export interface Pictures {
  /** Near-copies, the most similar pairs first. */
  readonly pairs: readonly NearPair[];
  /**
   * [N], the picture that each image shows: the first position of an image that shows it. Images are
   * the same picture if exact copies or near-copies connect them, also over other images.
   */
  readonly pictureOf: Uint32Array;
}

/**
 * Finds exact copies and near-copies in a set, or reads near-copies from the cache. Takes seconds for
 * 36,000 images without the cache.
 *
 * @param cacheFolder the folder whose `cache/` holds the pairs; default `artifacts/data`. A cache
 * that cannot be written is no error.
 */
export async function findPictures(
  set: ImageSet,
  cacheFolder: string = FOLDERS.data,
): Promise<Pictures> {
  const { height, width, channels } = set;
  const content = createHash("sha256").update(`${VERSION} ${height} ${width} ${channels}\n`);
  if (set.stored === undefined) content.update(set.pixels);
  else for (let i = 0; i < imageCount(set); i++) content.update(imageAt(set, i));
  const hash = content.digest("hex");
  const file = path.join(cacheFolder, "cache", `near-copies-${hash.slice(0, 16)}.json`);
  const known: unknown = await readJson(file).catch(() => undefined);
  const stored = isRecord(known) && known["hash"] === hash ? known["pairs"] : undefined;
  if (Array.isArray(stored) && stored.every(isNearPair)) return groupPictures(set, stored);
  const pairs = await findNearCopies(set);
  await writeJson(file, { hash, pairs }).catch(() => undefined);
  return groupPictures(set, pairs);
}

/**
 * Connects exact copies and near-copies to groups.
 *
 * @internal exported for tests.
 */
export function groupPictures(set: ImageSet, pairs: readonly NearPair[]): Pictures {
  const pictureOf = Uint32Array.from({ length: imageCount(set) }, (_, i) => i);
  const rootOf = (image: number): number => {
    let root = image;
    while (itemAt(pictureOf, root) !== root) root = itemAt(pictureOf, root);
    for (let at = image; at !== root;) {
      const next = itemAt(pictureOf, at);
      pictureOf[at] = root;
      at = next;
    }
    return root;
  };
  const connect = (a: number, b: number) => {
    const [first, second] = [rootOf(a), rootOf(b)];
    pictureOf[Math.max(first, second)] = Math.min(first, second);
  };
  for (const [image, first] of findCopies(set).firstOf.entries()) {
    if (image !== first) connect(first, image);
  }
  for (const { a, b } of pairs) connect(a, b);
  return { pairs, pictureOf: pictureOf.map((_, image) => rootOf(image)) };
}

function isNearPair(value: unknown): value is NearPair {
  return (
    isRecord(value) &&
    ["a", "b", "similarity", "x", "y", "scale"].every((key) => typeof value[key] === "number") &&
    typeof value["isMirrored"] === "boolean"
  );
}
