import { describe, expect, it } from "vitest";
import { download, scope, upload } from "../tensor/native.ts";
import { cutmix } from "./cutmix.ts";

const count = 64;
const [height, width] = [6, 8];
const size = height * width;

describe("cutmix", () => {
  /** Image i has the value i everywhere, and the target 1 for class i. */
  const draw = (probability: number, step = 0) =>
    scope(() => {
      const values = Float32Array.from({ length: count * size }, (_, at) => Math.floor(at / size));
      const identity = Float32Array.from({ length: count * count }, (_, at) =>
        at % (count + 1) === 0 ? 1 : 0,
      );
      const images = upload(values, [count, height, width, 1]);
      const mixed = cutmix(images, upload(identity, [count, count]), {
        probability,
        keys: [1, "cutmix", step],
      });
      return { images: download(mixed.images), targets: download(mixed.targets) };
    });

  it("replaces a rectangle by the next image, and gives the target the share of its area", () => {
    const { images, targets } = draw(1);
    const shares: number[] = [];
    for (let i = 0; i < count; i++) {
      const pixels = [...images.subarray(i * size, (i + 1) * size)];
      const next = (i + 1) % count;
      const cut = pixels.flatMap((value, at) => (value === next ? [at] : []));
      expect(pixels.filter((value) => value === i).length + cut.length).toBe(size);
      const [rows, columns] = [
        cut.map((at) => Math.floor(at / width)),
        cut.map((at) => at % width),
      ];
      const length = (values: number[]) => new Set(values).size;
      // As many pixels as a rectangle of their rows and columns has.
      expect(length(rows) * length(columns)).toBe(cut.length);
      expect(targets[i * count + i]).toBeCloseTo(1 - cut.length / size, 6);
      expect(targets[i * count + next]).toBeCloseTo(cut.length / size, 6);
      shares.push(cut.length / size);
    }
    // The area is uniform in 0–1 before the parts outside the image are cut off.
    expect(Math.max(...shares)).toBeGreaterThan(0.5);
    expect(Math.min(...shares)).toBeLessThan(0.1);
  });

  it("changes the given share of the images, and the same ones for the same keys only", () => {
    const changed = ({ images }: { images: Float32Array }) =>
      Array.from({ length: count }, (_, i) =>
        images.subarray(i * size, (i + 1) * size).some((value) => value !== i),
      ).filter(Boolean).length;
    expect(changed(draw(0))).toBe(0);
    expect(changed(draw(0.5))).toBeGreaterThan(count / 4);
    expect(changed(draw(0.5))).toBeLessThan((count * 3) / 4);
    expect(draw(0.5, 1)).toEqual(draw(0.5, 1));
    expect(draw(0.5, 1)).not.toEqual(draw(0.5, 2));
  });
});
