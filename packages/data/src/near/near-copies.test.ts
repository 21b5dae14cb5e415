import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { imageCount, type ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { addChangedCopies, CHANGES } from "../benchmark/changed-copies.ts";
import { findNearDuplicates } from "../explore/duplicates.ts";
import { synthesize } from "../synth/synthesize.ts";
import { alignCandidates, type NearPlaces } from "./align-candidates.ts";
import { describeImages } from "./descriptors.ts";
import { findNearCopies } from "./near-copies.ts";
import type { NearPair } from "./near-pair.ts";
import { findPictures, groupPictures } from "./pictures.ts";
import { alignInThreads } from "./search-threads.ts";
import { makeThumbnails } from "./thumbnails.ts";

/** The first images of a set. */
function firstOf(set: ImageSet, count: number): ImageSet {
  const size = set.pixels.length / imageCount(set);
  const { pixels, labels, usage, row } = set;
  return {
    ...set,
    pixels: pixels.slice(0, count * size),
    labels: labels.slice(0, count),
    usage: usage.slice(0, count),
    row: row.slice(0, count),
  };
}

const key = ({ a, b }: { readonly a: number; readonly b: number }) => `${a} ${b}`;

describe("findNearCopies", () => {
  it("finds at least 95 % of the copies, and 90 % of those with each change, in drawn faces", async () => {
    const set = synthesize({ count: 300, seed: 4 });
    const changed = await addChangedCopies(set, { perChange: 40, seeds: [1] });
    const found = new Set((await findNearCopies(changed.set)).map(key));
    const share = (copies: typeof changed.copies) =>
      copies.filter((copy) => found.has(key(copy))).length / copies.length;
    expect(share(changed.copies)).toBeGreaterThanOrEqual(0.95);
    for (const change of Object.keys(CHANGES)) {
      const copies = changed.copies.filter((copy) => copy.change === change);
      expect([change, share(copies) >= 0.9]).toEqual([change, true]);
    }
  });

  it("says how a copy was moved and scaled, and whether it is mirrored", async () => {
    const set = synthesize({ count: 70, seed: 9 });
    const { set: all, copies } = await addChangedCopies(set, { perChange: 8, seeds: [2] });
    const found = new Map((await findNearCopies(all)).map((pair) => [key(pair), pair]));
    const [mirrored] = copies.filter(({ change }) => change === "mirrored");
    expect(found.get(key(mirrored!))).toMatchObject({ isMirrored: true });
    expect(found.get(key(mirrored!))!.similarity).toBeGreaterThan(0.999);
    for (const copy of copies.filter(({ change }) => change === "scaled")) {
      expect(Math.abs(found.get(key(copy))?.scale ?? 0)).toBeLessThan(0.06);
    }
  });

  it("finds the same pairs in several threads", async () => {
    const set = synthesize({ count: 70, seed: 6 });
    const { set: all } = await addChangedCopies(set, { perChange: 4, seeds: [3] });
    const thumbnails = makeThumbnails(all, Uint32Array.from(all.labels.keys()));
    const search = { thumbnails, descriptors: describeImages(thumbnails), atLeast: 0.97 };
    const sorted = (pairs: readonly NearPlaces[]) =>
      pairs.map((pair) => JSON.stringify(pair)).sort();
    const alone = alignCandidates(search);
    expect(alone.length).toBeGreaterThan(20);
    expect(sorted(await alignInThreads(search, 3))).toEqual(sorted(alone));
  });

  it("finds nothing in blank images, in one image, and in none", async () => {
    const blank = (count: number): ImageSet => ({
      ...synthesize({ count: 70, seed: 1 }),
      pixels: new Uint8Array(count * 48 * 48).fill(7),
      labels: new Uint8Array(count),
      usage: new Uint8Array(count),
      row: Uint32Array.from({ length: count }, (_, i) => i),
    });
    for (const count of [0, 1, 5]) expect(await findNearCopies(blank(count))).toEqual([]);
  });
});

describe("pictures", () => {
  const set = firstOf(synthesize({ count: 70, seed: 3 }), 6);
  const pair = (a: number, b: number): NearPair => ({
    a,
    b,
    similarity: 0.98765,
    isMirrored: false,
    x: 0,
    y: 0,
    scale: 0,
  });

  it("are connected by exact copies and near-copies, also over other images", () => {
    const size = set.pixels.length / imageCount(set);
    const pixels = set.pixels.slice();
    pixels.copyWithin(5 * size, 0, size);
    const { pictureOf } = groupPictures({ ...set, pixels }, [pair(4, 5), pair(1, 2)]);
    expect([...pictureOf]).toEqual([0, 1, 1, 3, 0, 0]);
  });

  it("are counted with their splits and labels", () => {
    const given = {
      ...set,
      labels: Uint8Array.from([0, 0, 1, 0, 0, 0]),
      usage: Uint8Array.from([0, 2, 0, 1, 0, 0]),
    };
    const near = findNearDuplicates(given, groupPictures(given, [pair(0, 1), pair(0, 2)]));
    expect(near).toMatchObject({
      pairs: 2,
      pairsAcrossParts: 1,
      pairsWithConflictingLabels: 1,
      groups: 1,
      rowsInGroups: 3,
      groupsAcrossParts: 1,
      groupsWithConflictingLabels: 1,
      rowPairs: [
        { rows: [set.row[0], set.row[1]], similarity: 0.9877, mirrored: false },
        { rows: [set.row[0], set.row[2]] },
      ],
    });
    expect(near.leaks[0]).toEqual({
      ...{ part: "PrivateTest", copyIn: "Training", rows: 1 },
      rowNumbers: [set.row[1]],
    });
  });

  it("come from the cache, unless it is damaged", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "mien-near-"));
    try {
      const { set: all } = await addChangedCopies(set, { perChange: 1, seeds: [5] });
      const first = await findPictures(all, folder);
      expect(first.pairs.length).toBeGreaterThan(0);
      expect(await findPictures(all, folder)).toEqual(first);
      const [file] = await readdir(path.join(folder, "cache"));
      await writeFile(path.join(folder, "cache", file!), '{"pairs":[{}]}');
      expect(await findPictures(all, folder)).toEqual(first);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
