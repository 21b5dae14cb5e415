import { chooseSplit, resolveSplit, synthesize } from "@mien/data";
import { imageAt, type ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { selectionSplit } from "./selection-split.ts";

const set = synthesize({ count: 700, seed: 5 });
const split = await selectionSplit(set);
const trainingRows = Array.from(set.usage.keys()).filter((i) => set.usage[i] === 0);

describe("the selection split", () => {
  it("divides the Training rows into two disjoint sets, and contains no other row", () => {
    const all = [...split.train, ...split.validation].sort((a, b) => a - b);
    expect(all).toEqual(trainingRows);
  });

  it("holds out a fifth of every class", () => {
    for (const label of set.classes.keys()) {
      const ofClass = (part: ArrayLike<number>) =>
        Array.from(part).filter((i) => set.labels[i] === label).length;
      const share = ofClass(split.validation) / ofClass(trainingRows);
      expect(Math.abs(share - 0.2)).toBeLessThan(0.01);
    }
  });

  it("is the same every time", async () => {
    expect(await selectionSplit(set)).toEqual(split);
    // Existing studies have these rows, so no later version may change them.
    expect([...split.validation.subarray(0, 4)]).toEqual([1, 6, 7, 15]);
  });

  it("divides only the training split of another split", async () => {
    const choice = chooseSplit({ split: "60/30/10" });
    const { train } = await resolveSplit(set, choice);
    const parts = await selectionSplit(set, choice);
    expect([...parts.train, ...parts.validation].sort((a, b) => a - b)).toEqual([...train]);
    expect(parts.validation.length / train.length).toBeCloseTo(0.2, 2);
  });

  it("does not divide the copies of an image, whatever their labels", async () => {
    const pixels = set.pixels.slice();
    const size = imageAt(set, 0).length;
    // Every image becomes a copy of one of ten images.
    for (const i of set.labels.keys()) {
      pixels.copyWithin(i * size, (i % 10) * size, (i % 10) * size + size);
    }
    const copied: ImageSet = { ...set, pixels };
    const parts = await selectionSplit(copied);
    const kinds = (part: Uint32Array) => new Set(Array.from(part, (i) => i % 10));
    const [learnt, judged] = [kinds(parts.train), kinds(parts.validation)];
    expect([...learnt].filter((kind) => judged.has(kind))).toEqual([]);
    expect(learnt.size + judged.size).toBe(10);
  });
});
