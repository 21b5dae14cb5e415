import { describe, expect, it } from "vitest";
import { imageAt, imageCount, officialSplit, type ImageSet } from "./image-set.ts";

const set: ImageSet = {
  height: 1,
  width: 2,
  channels: 1,
  classes: ["Happy", "Sad"],
  pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  labels: Uint8Array.of(0, 1, 0, 1),
  usage: Uint8Array.of(2, 0, 1, 0),
  row: Uint32Array.of(0, 1, 2, 3),
};

describe("image sets", () => {
  it("give each image's own pixels", () => {
    expect(imageCount(set)).toBe(4);
    expect([...imageAt(set, 2)]).toEqual([5, 6]);
  });

  it("put every image into the split that its usage names", () => {
    const split = officialSplit(set);
    expect([...split.train]).toEqual([1, 3]);
    expect([...split.validation]).toEqual([2]);
    expect([...split.test]).toEqual([0]);
  });

  it("cannot be split without a Training row", () => {
    expect(() => officialSplit({ ...set, usage: Uint8Array.of(1, 1, 2, 2) })).toThrow(/Training/);
  });
});
