import { synthesize } from "@mien/data";
import { imageAt } from "@mien/format";
import { describe, expect, it } from "vitest";
import { chooseTrainingImages } from "./choose-training-images.ts";

const set = synthesize({ count: 210, seed: 5 });
const all = Uint32Array.from(set.labels.keys());
const counts = (positions: Uint32Array) =>
  set.classes.map(
    (_, label) => positions.filter((position) => set.labels[position] === label).length,
  );

describe("chooseTrainingImages", () => {
  it("returns all images by default", () => {
    expect(chooseTrainingImages(set, all, { omit: "nothing", subset: 1 })).toEqual(all);
  });

  it("leaves out blank images and copies with different labels, and keeps copies with equal labels", () => {
    const dirty = { ...set, pixels: set.pixels.slice(), labels: set.labels.slice() };
    imageAt(dirty, 3).fill(120);
    for (const [copy, of] of [
      [10, 11],
      [20, 21],
    ] as const) {
      imageAt(dirty, copy).set(imageAt(dirty, of));
      dirty.labels[copy] = dirty.labels[of]!;
    }
    dirty.labels[10] = (dirty.labels[11]! + 1) % 7;
    const kept = chooseTrainingImages(dirty, all, { omit: "blank-and-conflicting", subset: 1 });
    expect([...all].filter((position) => !kept.includes(position))).toEqual([3, 10, 11]);
    const blank = chooseTrainingImages(dirty, all, { omit: "blank", subset: 1 });
    expect([...all].filter((position) => !blank.includes(position))).toEqual([3]);
  });

  it("returns the given share of each class, always the same images, in order", () => {
    const third = chooseTrainingImages(set, all, { omit: "nothing", subset: 1 / 3 });
    expect(counts(third)).toEqual(counts(all).map((count) => Math.ceil(count / 3)));
    expect(third).toEqual(third.slice().sort());
    expect(chooseTrainingImages(set, all, { omit: "nothing", subset: 1 / 3 })).toEqual(third);
    const half = chooseTrainingImages(set, all, { omit: "nothing", subset: 1 / 2 });
    expect(third.every((position) => half.includes(position))).toBe(true);
  });
});
