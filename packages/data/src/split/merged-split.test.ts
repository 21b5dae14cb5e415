import fc from "fast-check";
import type { ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { mergedSplit } from "./merged-split.ts";

const CLASSES = 3;

/** A set of images of two pixels, which hold the two bytes of `image`. */
function setOf(
  images: readonly { readonly label: number; readonly usage: number; readonly image: number }[],
): ImageSet {
  return {
    height: 1,
    width: 2,
    channels: 1,
    classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    pixels: Uint8Array.from(images.flatMap(({ image }) => [image & 255, image >> 8])),
    labels: Uint8Array.from(images, ({ label }) => label),
    usage: Uint8Array.from(images, ({ usage }) => usage),
    row: Uint32Array.from(images, (_, i) => i),
  };
}

/** The `image` of a position: copies have the same one. */
const imageOf = (set: ImageSet, position: number) =>
  set.pixels[2 * position]! + 256 * set.pixels[2 * position + 1]!;

/** Images of three classes without copies, a third of them PublicTest and a tenth PrivateTest. */
const largeSet = setOf(
  Array.from({ length: 3000 }, (_, image) => ({
    label: image % 7 === 0 ? 2 : image % 2,
    usage: image % 10 === 0 ? 2 : image % 3 === 0 ? 1 : 0,
    image,
  })),
);

const anyImage = fc.record({
  label: fc.nat(CLASSES - 1),
  usage: fc.nat(2),
  // Some values are frequent, so that there are groups of copies, also with different labels.
  image: fc.oneof(fc.nat(65535), fc.nat(5)),
});
const anySet = fc
  .array(anyImage, { maxLength: 200 })
  .map((images) => setOf([{ label: 0, usage: 0, image: 0 }, ...images]));
const anyRule = fc.record({
  training: fc.integer({ min: 1, max: 99 }),
  validation: fc.integer({ min: 1, max: 99 }),
  seed: fc.nat(),
});

describe("the merged split", () => {
  it("puts every image into exactly one split, and keeps the official test split", () => {
    fc.assert(
      fc.property(anySet, anyRule, (set, rule) => {
        const { train, validation, test } = mergedSplit(set, rule);
        const all = [...train, ...validation, ...test].sort((a, b) => a - b);
        expect(all).toEqual(Array.from(set.labels.keys()));
        expect([...test]).toEqual(all.filter((position) => set.usage[position] === 2));
      }),
    );
  });

  it("never divides the copies of an image between training and validation", () => {
    fc.assert(
      fc.property(anySet, anyRule, (set, rule) => {
        const { train, validation } = mergedSplit(set, rule);
        const trained = new Set(Array.from(train, (position) => imageOf(set, position)));
        const divided = validation.filter((position) => trained.has(imageOf(set, position)));
        expect([...divided]).toEqual([]);
      }),
    );
  });

  it("gives each class its share of validation images to half an image, unless all its single images are on one side", () => {
    fc.assert(
      fc.property(anySet, anyRule, (set, rule) => {
        const { train, validation } = mergedSplit(set, rule);
        const merged = [...train, ...validation];
        const copies = new Map<number, number>();
        for (const position of merged) {
          const image = imageOf(set, position);
          copies.set(image, (copies.get(image) ?? 0) + 1);
        }
        const errors = [...set.classes.keys()].flatMap((label) => {
          const ofClass = (part: Iterable<number>) =>
            [...part].filter((position) => set.labels[position] === label);
          const isSingle = (position: number) => copies.get(imageOf(set, position)) === 1;
          const share = rule.validation / (rule.training + rule.validation);
          const error = ofClass(validation).length - share * ofClass(merged).length;
          const sides = [train, validation].filter((part) => ofClass(part).some(isSingle));
          return sides.length > 1 ? [Math.abs(error)] : [];
        });
        expect(Math.max(0, ...errors)).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
      { numRuns: 500 },
    );
  });

  it("is the same for the same seed and another one for another seed", () => {
    const rule = { training: 70, validation: 20, seed: 1 };
    const split = mergedSplit(largeSet, rule);
    expect(mergedSplit(largeSet, rule)).toEqual(split);
    const other = mergedSplit(largeSet, { ...rule, seed: 2 });
    expect(other.validation).not.toEqual(split.validation);
    expect(other.validation.length).toBe(split.validation.length);
    expect(other.test).toEqual(split.test);
    // Existing runs have these positions, so no later version may change them.
    expect([...split.validation.subarray(0, 8)]).toEqual([7, 11, 16, 33, 34, 38, 42, 51]);
  });

  it("draws validation images from Training and PublicTest alike", () => {
    const { train, validation } = mergedSplit(largeSet, { training: 70, validation: 20, seed: 1 });
    expect([train.length, validation.length]).toEqual([2100, 600]);
    const publicShare = (part: Uint32Array) =>
      part.filter((position) => largeSet.usage[position] === 1).length / part.length;
    expect(Math.abs(publicShare(validation) - publicShare(train))).toBeLessThan(0.06);
  });
});
