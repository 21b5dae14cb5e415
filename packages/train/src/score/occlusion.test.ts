import { imageSize, random, type ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { occlusionMaps } from "./occlusion.ts";

/** One image of random values. */
function randomImage(height: number, width: number, channels: number): ImageSet {
  const stream = random("occlusion", height, width, channels);
  const pixels = Uint8Array.from({ length: height * width * channels }, () => stream.integer(256));
  const classes = ["Happy", "Sad"];
  const [labels, usage, row] = [new Uint8Array(1), new Uint8Array(1), new Uint32Array(1)];
  return { height, width, channels, classes, pixels, labels, usage, row };
}

/** A model whose first class is probable as far as the pixels in the left half are not grey. */
function leftHalfModel(set: ImageSet) {
  const size = imageSize(set);
  const probability = (image: Float32Array) => {
    const left = image.filter((_, i) => Math.floor(i / set.channels) % set.width < set.width / 2);
    return left.reduce((sum, value) => sum + Math.abs(value - 128) / 128, 0) / left.length;
  };
  return {
    classes: set.classes,
    predict: (pixels: Float32Array, count: number) =>
      Promise.resolve(
        Float32Array.from({ length: 2 * count }, (_, at) => {
          const image = pixels.subarray((at >> 1) * size, ((at >> 1) + 1) * size);
          return at % 2 === 0 ? probability(image) : 1 - probability(image);
        }),
      ),
  };
}

describe("occlusionMaps", () => {
  it.each([
    [48, 48, 1],
    [31, 50, 3],
  ] as const)(
    "of a model of the left half are in it: %i×%i×%i",
    async (height, width, channels) => {
      const set = randomImage(height, width, channels);
      const [map, opposite] = await occlusionMaps(leftHalfModel(set), set, [
        { position: 0, predicted: 0 },
        { position: 0, predicted: 1 },
      ]);
      const patch = Math.round(width / 6);
      const dropsIn = (from: number, to: number) =>
        map!.filter((_, at) => at % width >= from && at % width < to);
      const sum = (drops: Float32Array) => drops.reduce((all, drop) => all + drop, 0);
      expect(map).toHaveLength(height * width);
      expect(Math.min(...dropsIn(0, Math.floor(width / 2) - patch))).toBeGreaterThan(0);
      // Patches across the middle cover some pixels of the right half.
      expect(dropsIn(Math.ceil(width / 2) + patch, width).every((drop) => drop === 0)).toBe(true);
      expect(sum(dropsIn(0, width / 2)) / sum(map!)).toBeGreaterThan(0.9);
      opposite!.forEach((rise, at) => expect(rise).toBeCloseTo(-map![at]!, 6));
    },
  );

  it("are 0 for a uniform image, which a patch of its own grey does not change", async () => {
    const set = { ...randomImage(12, 12, 1), pixels: new Uint8Array(144).fill(77) };
    const maps = await occlusionMaps(leftHalfModel(set), set, [{ position: 0, predicted: 0 }]);
    expect(maps).toEqual([new Float32Array(144)]);
  });

  it("exist for images of any size, and predict each at most 170 times", async () => {
    for (const [height, width] of [
      [1, 1],
      [2, 7],
      [5, 300],
      [224, 224],
    ] as const) {
      const set = randomImage(height, width, 1);
      let predicted = 0;
      const model = {
        classes: set.classes,
        predict: (_: Float32Array, count: number) => {
          predicted += count;
          return Promise.resolve(new Float32Array(2 * count).fill(0.5));
        },
      };
      const [map] = await occlusionMaps(model, set, [{ position: 0, predicted: 1 }]);
      expect(map).toEqual(new Float32Array(height * width));
      expect(predicted).toBeLessThanOrEqual(170);
    }
  });
});
