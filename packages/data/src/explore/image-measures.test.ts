import { random, type ImageSet } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { measureImages } from "./image-measures.ts";
import { measurePixels } from "./pixel-statistics.ts";

/** Grey or RGB images of one class. */
function setOf(images: readonly Uint8Array[], side: number, channels = 1): ImageSet {
  const count = images.length;
  return {
    ...{ height: side, width: side, channels, classes: ["Face"] },
    labels: new Uint8Array(count),
    usage: Uint8Array.from({ length: count }, (_, i) => (i === 0 ? 0 : 1)),
    row: Uint32Array.from({ length: count }, (_, i) => i),
    pixels: Uint8Array.from(images.flatMap((image) => [...image])),
  };
}

/** Noise, averaged over squares of `blur` pixels. */
function noise(side: number, blur = 1): Uint8Array {
  const stream = random("measures", side, blur);
  const cells = Array.from({ length: side * side }, () => 255 * stream.uniform());
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side / blur), Math.floor((i % side) / blur)];
    return cells[y * side + x] ?? 0;
  });
}

describe("measureImages", () => {
  it("calls an image sharper than its blurred copy, whatever its contrast", () => {
    const sharp = noise(48);
    const faint = sharp.map((value) => 100 + value / 5);
    const { sharpness, contrast } = measureImages(setOf([sharp, faint, noise(48, 6)], 48));
    const [first = 0, second = 0, third = 0] = sharpness;
    expect(first).toBeGreaterThan(4);
    expect(Math.abs(second / first - 1)).toBeLessThan(0.02);
    expect(third).toBeLessThan(first / 2);
    expect((contrast[0] ?? 0) / (contrast[1] ?? 1)).toBeCloseTo(5, 0);
  });

  it("gives an image without contrast the sharpness 0", () => {
    const { sharpness, contrast, brightness } = measureImages(
      setOf([new Uint8Array(48 * 48).fill(7)], 48),
    );
    expect([sharpness[0], contrast[0], brightness[0]]).toEqual([0, 0, 7]);
  });

  it("sees the size at which an image has details, not the number of its pixels", () => {
    const small = noise(48);
    const large = Uint8Array.from({ length: 192 * 192 }, (_, i) => {
      const [y, x] = [Math.floor(i / 192 / 4), Math.floor((i % 192) / 4)];
      return small[y * 48 + x] ?? 0;
    });
    const [expected = 0] = measureImages(setOf([small], 48)).sharpness;
    const [found = 0] = measureImages(setOf([large], 192)).sharpness;
    expect(found).toBeCloseTo(expected, 9);
  });

  it.skipIf(withoutPython("scipy", "numpy"))("equals scipy's Laplacian, also of colours", () => {
    const images = [noise(20), noise(20, 3), noise(20, 5)];
    const colours = images.map((image) =>
      Uint8Array.from({ length: 1200 }, (_, i) => image[(i * 7) % 400] ?? 0),
    );
    const script = `import json, sys, numpy as np
from scipy.ndimage import laplace
x = np.array(json.load(sys.stdin), float).reshape(3, 20, 20, 3).mean(-1)
print(json.dumps({"brightness": x.mean((1, 2)).tolist(), "contrast": x.std((1, 2)).tolist(),
  "sharpness": [float(laplace(i)[1:-1, 1:-1].std() / i.std()) for i in x]}))`;
    const expected = runPython(script, { input: colours.map((image) => [...image]) });
    const found = measureImages(setOf(colours, 20, 3));
    for (const [name, values] of Object.entries(expected as Record<string, number[]>)) {
      const own = found[name as keyof typeof found];
      for (const [i, value] of values.entries()) expect(own[i]).toBeCloseTo(value, 9);
    }
  });
});

describe("measurePixels", () => {
  it("gives mean and deviation of each channel, for all images and for Training alone", () => {
    const set = setOf(
      [
        [10, 0, 5, 20, 0, 5, 10, 0, 5, 20, 0, 5],
        [50, 255, 5, 60, 255, 5, 50, 255, 5, 60, 255, 5],
      ].map((values) => Uint8Array.from(values)),
      2,
      3,
    );
    const { all, training } = measurePixels(set);
    expect(training).toEqual({ mean: [15, 0, 5], deviation: [5, 0, 0] });
    expect(all.mean).toEqual([35, 127.5, 5]);
    expect(all.deviation[0]).toBeCloseTo(Math.sqrt(425), 9);
  });
});
