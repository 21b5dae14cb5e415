import fc from "fast-check";
import type { ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { kFold } from "./k-fold.ts";

const CLASSES = 4;

/** A set whose images have these labels; the pixels have no effect on the folds. */
function setOf(labels: readonly number[]): ImageSet {
  return {
    height: 1,
    width: 1,
    channels: 1,
    classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    pixels: new Uint8Array(labels.length),
    labels: Uint8Array.from(labels),
    usage: new Uint8Array(labels.length),
    row: Uint32Array.from(labels.keys()),
  };
}

const anyCase = fc
  .record({
    images: fc.array(
      fc.record({
        label: fc.nat(CLASSES - 1),
        // Some pictures are frequent, so that there are groups, also with different labels.
        picture: fc.oneof(fc.nat(1e9), fc.nat(5)),
        isUsed: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
      }),
      { maxLength: 200 },
    ),
    folds: fc.integer({ min: 2, max: 8 }),
    seed: fc.nat(),
  })
  .map(({ images, folds, seed }) => ({
    set: setOf(images.map(({ label }) => label)),
    pictureOf: Uint32Array.from(images, ({ picture }) => picture),
    rows: Uint32Array.from(images.flatMap(({ isUsed }, i) => (isUsed ? [i] : []))),
    folds,
    seed,
  }))
  .filter(
    ({ rows, pictureOf, folds }) => new Set([...rows].map((i) => pictureOf[i])).size >= folds,
  );

const times = <T>(items: Iterable<T>) => {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
};

describe("kFold", () => {
  it("puts all images of a picture into one fold", () => {
    fc.assert(
      fc.property(anyCase, ({ set, ...choice }) => {
        const foldOf = kFold(set, choice);
        expect(foldOf.length).toBe(choice.rows.length);
        const folds = new Map<number, number>();
        choice.rows.forEach((position, i) => {
          const picture = choice.pictureOf[position]!;
          expect(folds.get(picture) ?? foldOf[i]).toBe(foldOf[i]);
          folds.set(picture, foldOf[i]!);
        });
      }),
    );
  });

  it("gives each fold the same number of images of each class, unless copies prevent it", () => {
    let checked = 0;
    fc.assert(
      fc.property(anyCase, ({ set, ...choice }) => {
        const foldOf = kFold(set, choice);
        const sizes = times([...choice.rows].map((position) => choice.pictureOf[position]!));
        for (let label = 0; label < CLASSES; label++) {
          const places = [...choice.rows.keys()].filter(
            (i) => set.labels[choice.rows[i]!] === label,
          );
          const perFold = times(places.map((i) => foldOf[i]!));
          const single = places.filter((i) => sizes.get(choice.pictureOf[choice.rows[i]!]!) === 1);
          // Only images without a copy can make up for a fold that a group has filled too much.
          if (new Set(single.map((i) => foldOf[i])).size < choice.folds) continue;
          const counts = Array.from({ length: choice.folds }, (_, fold) => perFold.get(fold) ?? 0);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
          checked++;
        }
      }),
      { numRuns: 300 },
    );
    expect(checked).toBeGreaterThan(100);
  });

  it("makes folds whose sizes differ by at most one image, and without a copy the sizes of the classes, too", () => {
    const labels = fc.array(fc.nat(CLASSES - 1), { minLength: 8, maxLength: 200 });
    const folds = fc.integer({ min: 2, max: 8 });
    fc.assert(
      fc.property(labels, folds, fc.nat(), (list, count, seed) => {
        const rows = Uint32Array.from(list.keys());
        const foldOf = kFold(setOf(list), { rows, folds: count, seed, pictureOf: rows });
        const classOf = (label: number) =>
          times([...rows].filter((i) => list[i] === label).map((i) => foldOf[i]));
        const spread = (counts: Map<unknown, number>) =>
          Math.max(0, ...counts.values()) -
          (counts.size < count ? 0 : Math.min(...counts.values()));
        expect(spread(times(foldOf))).toBeLessThanOrEqual(1);
        for (let label = 0; label < CLASSES; label++) {
          expect(spread(classOf(label))).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("makes folds in which a class differs by at most its largest group, if copies have one label", () => {
    fc.assert(
      fc.property(anyCase, ({ set: { labels: _, ...set }, pictureOf, ...choice }) => {
        const labels = Uint8Array.from(pictureOf, (picture) => picture % CLASSES);
        const { rows, folds } = choice;
        const foldOf = kFold({ ...set, labels }, { ...choice, pictureOf });
        for (let label = 0; label < CLASSES; label++) {
          const places = [...rows.keys()].filter((i) => labels[rows[i]!] === label);
          const groups = times(places.map((i) => pictureOf[rows[i]!]!));
          const sizes = times(places.map((i) => foldOf[i]!));
          const counts = Array.from({ length: folds }, (__, fold) => sizes.get(fold) ?? 0);
          const limit = Math.max(0, ...groups.values());
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(limit);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is the same for the same seed and another one for another seed", () => {
    const labels = Array.from({ length: 400 }, (_, i) => (i % 7 === 0 ? 2 : i % 2));
    const rows = Uint32Array.from(labels.keys());
    const choice = { rows, folds: 5, seed: 1, pictureOf: rows };
    const foldOf = kFold(setOf(labels), choice);
    expect(kFold(setOf(labels), choice)).toEqual(foldOf);
    expect(kFold(setOf(labels), { ...choice, seed: 2 })).not.toEqual(foldOf);
    // Runs have these folds, so no later version may change them.
    expect([...foldOf.subarray(0, 12)]).toEqual([3, 3, 3, 3, 2, 4, 1, 0, 1, 1, 4, 1]);
  });

  it("refuses a wrong number of folds, and more folds than pictures", () => {
    const set = setOf([0, 0, 1, 1]);
    const rows = Uint32Array.of(0, 1, 2, 3);
    const pictureOf = Uint32Array.of(0, 0, 1, 1);
    for (const folds of [1, 101, 2.5, Number.NaN]) {
      expect(() => kFold(set, { rows, folds, seed: 1, pictureOf })).toThrow(
        `must be 2–100, found ${folds}`,
      );
    }
    expect(() => kFold(set, { rows, folds: 3, seed: 1, pictureOf })).toThrow(
      "3 folds need 3 different pictures or more, found 2",
    );
  });
});
