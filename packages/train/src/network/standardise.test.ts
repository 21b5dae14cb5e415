import type { ImageSet } from "@mien/format";
import { describe, expect, it } from "vitest";
import { download, scope, upload } from "../tensor/native.ts";
import { measureStandardisation, standardise } from "./standardise.ts";

const set: ImageSet = {
  height: 1,
  width: 2,
  channels: 1,
  classes: ["a", "b"],
  pixels: Uint8Array.of(0, 100, 50, 250, 9, 9),
  labels: Uint8Array.of(0, 1, 0),
  usage: Uint8Array.of(0, 0, 1),
  row: Uint32Array.of(0, 1, 2),
};

describe("standardisation", () => {
  it("is measured on the chosen images only", () => {
    const { mean, deviation } = measureStandardisation(set, Uint32Array.of(0, 1));
    expect(mean).toBe(100);
    expect(deviation).toBeCloseTo(Math.sqrt((100 ** 2 + 0 + 50 ** 2 + 150 ** 2) / 4), 10);
  });

  it("gives mean 0 and deviation 1", () => {
    const values = scope(() => {
      const images = upload(Float32Array.of(0, 100, 50, 250), [2, 1, 2, 1]);
      return download(standardise(images, measureStandardisation(set, Uint32Array.of(0, 1))));
    });
    expect(values.reduce((a, b) => a + b)).toBeCloseTo(0, 5);
    expect(values.reduce((sum, value) => sum + value ** 2, 0) / 4).toBeCloseTo(1, 5);
  });

  it("has a deviation above 0 for images of one colour", () => {
    const { deviation } = measureStandardisation(set, Uint32Array.of(2));
    expect(deviation).toBeGreaterThan(0);
  });
});
