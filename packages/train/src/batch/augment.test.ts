import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import {
  drawAffineTransforms,
  changesNothing,
  augmentPixelValues,
  applyAffineTransforms,
  type GeometricAugmentation,
  type PixelValueAugmentation,
} from "./augment.ts";
import { download, scope, upload } from "../tensor/native.ts";
import { expectClose } from "../testing/gradients.ts";

const still: GeometricAugmentation = { zoom: 0, shift: 0, rotation: 0, mirror: 0 };
const size = { height: 6, width: 8 };

/** Images of one channel with random values. */
function noise(count: number): Float32Array {
  const stream = random("augment test");
  const length = count * size.height * size.width;
  return Float32Array.from({ length }, () => stream.between(0, 255));
}

function transform(images: Float32Array, transforms: Float32Array): Float32Array {
  const count = transforms.length / 8;
  return scope(() =>
    download(
      applyAffineTransforms(upload(images, [count, size.height, size.width, 1]), transforms),
    ),
  );
}

/** The expected result for one image: bilinear, with positions clamped to the image. */
function expected(
  image: Float32Array,
  [a0, a1, a2, b0, b1, b2]: ArrayLike<number> & Iterable<number>,
) {
  const { height, width } = size;
  const at = (x: number, y: number) => {
    const column = Math.min(width - 1, Math.max(0, x));
    const row = Math.min(height - 1, Math.max(0, y));
    return image[row * width + column]!;
  };
  return Float32Array.from({ length: height * width }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const u = a0! * x + a1! * y + a2!;
    const v = b0! * x + b1! * y + b2!;
    const [left, top] = [Math.floor(u), Math.floor(v)];
    const [dx, dy] = [u - left, v - top];
    const upper = (1 - dx) * at(left, top) + dx * at(left + 1, top);
    const lower = (1 - dx) * at(left, top + 1) + dx * at(left + 1, top + 1);
    return (1 - dy) * upper + dy * lower;
  });
}

describe("geometric augmentation", () => {
  it("changes no pixel if all its settings are 0", () => {
    expect(changesNothing(still)).toBe(true);
    expect(changesNothing({ ...still, mirror: 0.5 })).toBe(false);
    const images = noise(3);
    expectClose(
      transform(images, drawAffineTransforms(still, { count: 3, size, keys: [1] })),
      images,
      1e-6,
    );
  });

  it("mirrors about the vertical centre line", () => {
    const image = noise(1);
    const mirrored = transform(
      image,
      drawAffineTransforms({ ...still, mirror: 1 }, { count: 1, size, keys: [1] }),
    );
    const flipped = Float32Array.from(image, (_, i) => {
      const x = i % size.width;
      return image[i - x + size.width - 1 - x]!;
    });
    expectClose(mirrored, flipped, 1e-5);
  });

  it("interpolates bilinearly and repeats the border, image by image", () => {
    const images = noise(20);
    const all: GeometricAugmentation = { zoom: 0.3, shift: 0.3, rotation: 40, mirror: 0.5 };
    const transforms = drawAffineTransforms(all, { count: 20, size, keys: ["check"] });
    const found = transform(images, transforms);
    const pixels = size.height * size.width;
    for (let i = 0; i < 20; i++) {
      const image = images.subarray(i * pixels, (i + 1) * pixels);
      const one = expected(image, transforms.subarray(i * 8, i * 8 + 6));
      expectClose(found.subarray(i * pixels, (i + 1) * pixels), one, 1e-4);
    }
  });

  it("stays within its ranges, reaches their ends and is symmetric", () => {
    const count = 4000;
    const range: GeometricAugmentation = { zoom: 0.2, shift: 0.1, rotation: 15, mirror: 0.25 };
    const transforms = drawAffineTransforms(range, { count, size, keys: ["ranges"] });
    const seen = {
      scale: [] as number[],
      angle: [] as number[],
      x: [] as number[],
      y: [] as number[],
    };
    let mirrored = 0;
    for (let i = 0; i < count; i++) {
      const [a0, a1, a2, b0, b1, b2] = transforms.subarray(i * 8, i * 8 + 6) as unknown as number[];
      const determinant = a0! * b1! - a1! * b0!;
      if (determinant < 0) mirrored++;
      seen.scale.push(1 / Math.sqrt(Math.abs(determinant)));
      seen.angle.push((Math.atan2(b0!, b1!) * 180) / Math.PI);
      // Where the input's centre went to, relative to the output's centre.
      const [u, v] = [3.5 - a2!, 2.5 - b2!];
      seen.x.push(((b1! * u - a1! * v) / determinant - 3.5) / size.width);
      seen.y.push(((a0! * v - b0! * u) / determinant - 2.5) / size.height);
    }
    const check = (values: number[], low: number, high: number) => {
      const [min, max] = [Math.min(...values), Math.max(...values)];
      const margin = (high - low) * 0.01;
      expect(min).toBeGreaterThan(low - 1e-4);
      expect(min).toBeLessThan(low + margin);
      expect(max).toBeLessThan(high + 1e-4);
      expect(max).toBeGreaterThan(high - margin);
      const mean = values.reduce((a, b) => a + b) / values.length;
      expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((high - low) * 0.03);
    };
    check(seen.scale, 0.8, 1.2);
    check(seen.angle, -15, 15);
    check(seen.x, -0.1, 0.1);
    check(seen.y, -0.1, 0.1);
    expect(Math.abs(mirrored / count - 0.25)).toBeLessThan(0.03);
  });

  it("is the same for the same keys only", () => {
    const some: GeometricAugmentation = { zoom: 0.1, shift: 0.1, rotation: 10, mirror: 0.5 };
    const first = drawAffineTransforms(some, { count: 4, size, keys: [1, "augment", 7] });
    expect(drawAffineTransforms(some, { count: 4, size, keys: [1, "augment", 7] })).toEqual(first);
    expect(drawAffineTransforms(some, { count: 4, size, keys: [1, "augment", 8] })).not.toEqual(
      first,
    );
    expect(drawAffineTransforms(some, { count: 4, size, keys: [2, "augment", 7] })).not.toEqual(
      first,
    );
  });
});

describe("augmentation of pixel values", () => {
  const none: PixelValueAugmentation = { brightness: 0, contrast: 0, erasing: 0 };
  const side = 16;
  const augment = (values: Float32Array, config: PixelValueAugmentation, key = 1) =>
    scope(() =>
      download(
        augmentPixelValues(
          upload(values.slice(), [values.length / side ** 2, side, side, 1]),
          config,
          [key],
        ),
      ),
    );

  it("changes nothing if all its settings are 0", () => {
    const values = noise(20).subarray(0, side ** 2);
    expect(augment(values, none)).toEqual(values.slice());
  });

  it("changes contrast and brightness within their ranges, once per image, and reaches their ends", () => {
    const count = 500;
    const values = new Float32Array(count * side ** 2);
    for (let i = 0; i < count; i++) values.fill(1, i * side ** 2 + 1, (i + 1) * side ** 2);
    const found = augment(values, { ...none, brightness: 0.5, contrast: 0.2 });
    const offsets: number[] = [];
    const factors: number[] = [];
    for (let i = 0; i < count; i++) {
      const image = found.subarray(i * side ** 2, (i + 1) * side ** 2);
      offsets.push(image[0]!);
      factors.push(image[1]! - image[0]!);
      expect(image[side ** 2 - 1]).toBe(image[1]);
    }
    for (const [list, low, high] of [
      [offsets, -0.5, 0.5],
      [factors, 0.8, 1.2],
    ] as const) {
      expect(Math.min(...list)).toBeGreaterThan(low - 1e-5);
      expect(Math.min(...list)).toBeLessThan(low + 0.02);
      expect(Math.max(...list)).toBeLessThan(high + 1e-5);
      expect(Math.max(...list)).toBeGreaterThan(high - 0.02);
    }
  });

  it("erases one rectangle with sides of 1/8 to 3/8 of the image, in the given share of images", () => {
    const count = 1000;
    const found = augment(new Float32Array(count * side ** 2).fill(9), { ...none, erasing: 0.3 });
    let erased = 0;
    for (let i = 0; i < count; i++) {
      const image = found.subarray(i * side ** 2, (i + 1) * side ** 2);
      const gone = [...image.keys()].filter((at) => image[at] !== 9);
      if (gone.length === 0) continue;
      erased++;
      const columns = gone.map((at) => at % side);
      const rows = gone.map((at) => Math.floor(at / side));
      const width = Math.max(...columns) - Math.min(...columns) + 1;
      const height = Math.max(...rows) - Math.min(...rows) + 1;
      expect(width * height).toBe(gone.length);
      for (const length of [width, height]) {
        expect(length).toBeGreaterThanOrEqual(2);
        expect(length).toBeLessThanOrEqual(6);
      }
      expect(new Set(gone.map((at) => image[at])).size).toBe(1);
    }
    expect(Math.abs(erased / count - 0.3)).toBeLessThan(0.05);
  });
});
