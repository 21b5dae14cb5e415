import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { betaShare, mixup } from "./mixup.ts";
import { download, scope, upload } from "../tensor/native.ts";

describe("mixup", () => {
  const draw = (step: number) =>
    scope(() => {
      const images = upload(Float32Array.of(1, 10, 100, 1000, 1e4, 1e5), [3, 1, 2, 1]);
      const targets = upload(Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]);
      const mixed = mixup(images, targets, { alpha: 0.4, keys: [1, "mixup", step] });
      return { images: download(mixed.images), targets: download(mixed.targets) };
    });

  it("blends image and target by the same shares, the larger one of the image itself", () => {
    const { images, targets } = draw(0);
    for (let i = 0; i < 3; i++) {
      const own = targets[i * 3 + i]!;
      const next = targets[i * 3 + ((i + 1) % 3)]!;
      expect(own).toBeGreaterThanOrEqual(0.5);
      expect(own + next).toBeCloseTo(1, 6);
      const values = [1, 100, 1e4];
      const blend = own * values[i]! + next * values[(i + 1) % 3]!;
      expect(images[i * 2]! / blend).toBeCloseTo(1, 4);
      expect(images[i * 2 + 1]! / images[i * 2]!).toBeCloseTo(10, 4);
    }
  });

  it("is the same for the same keys only", () => {
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it.each([0.1, 0.2, 1])("draws shares with the moments of Beta(%f, %f)", (alpha) => {
    const stream = random("beta", alpha);
    const shares = Array.from({ length: 20_000 }, () => betaShare(stream, alpha));
    const mean = shares.reduce((sum, x) => sum + x, 0) / shares.length;
    const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / shares.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance * 4 * (2 * alpha + 1)).toBeCloseTo(1, 1);
  });
});
