import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { MienError } from "./errors.ts";
import { prepareImages, resizeImage, type RawImage } from "./image.ts";
import { random } from "./random.ts";

const pillowIsMissing = withoutPython("numpy", "PIL");

function noise(width: number, height: number, channels: 1 | 3 | 4): RawImage {
  const stream = random(width, height, channels);
  const data = Uint8Array.from({ length: width * height * channels }, () => stream.integer(256));
  return { width, height, channels, data };
}

/** The largest difference to the result of a Python expression; `data` is the image as numpy array. */
function largestDifference(
  cases: readonly { image: RawImage; width: number; height: number; found: Float32Array }[],
  expression: string,
): number {
  const script = `
import json, sys
import numpy as np
from PIL import Image
def resize(plane, width, height):
    return np.asarray(Image.fromarray(plane.astype(np.float32), "F").resize((width, height), Image.BILINEAR))
worst = 0.0
for case in json.load(sys.stdin):
    width, height = case["width"], case["height"]
    data = np.array(case["data"], dtype=np.uint8).reshape(case["shape"])
    found = np.array(case["found"], dtype=np.float64)
    worst = max(worst, float(np.abs(found - np.asarray(${expression}).reshape(-1)).max()))
print(worst)
`;
  const input = cases.map(({ image, width, height, found }) => ({
    width,
    height,
    shape: [image.height, image.width, image.channels],
    data: Array.from(image.data),
    found: Array.from(found),
  }));
  return runPython(script, { input }) as number;
}

describe("resizing", () => {
  const sizes = [
    [640, 480, 48, 48],
    [100, 37, 48, 48],
    [49, 47, 48, 48],
    [48, 48, 48, 48],
    [20, 31, 48, 48],
    [1, 1, 48, 48],
    [3, 200, 7, 5],
    [5, 2, 1, 1],
    [2, 300, 64, 3],
  ] as const;

  it.skipIf(pillowIsMissing)(
    "agrees with Pillow's BILINEAR, reducing and enlarging, in grey and colour",
    () => {
      for (const channels of [1, 3] as const) {
        const cases = sizes.map(([fromWidth, fromHeight, width, height]) => {
          const image = noise(fromWidth, fromHeight, channels);
          const found = resizeImage(
            { ...image, data: Float32Array.from(image.data) },
            width,
            height,
          );
          return { image, width, height, found };
        });
        const expected =
          "np.stack([resize(data[..., c], width, height) for c in range(data.shape[2])], axis=-1)";
        expect(largestDifference(cases, expected)).toBeLessThan(1e-3);
      }
    },
  );

  it("keeps a constant image constant and every value inside the range of the source", () => {
    for (const [fromWidth, fromHeight, width, height] of sizes) {
      const flat = new Float32Array(fromWidth * fromHeight).fill(77);
      const image = { width: fromWidth, height: fromHeight, channels: 1 };
      for (const value of resizeImage({ ...image, data: flat }, width, height)) {
        expect(value).toBeCloseTo(77, 4);
      }
      const data = Float32Array.from(noise(fromWidth, fromHeight, 1).data);
      for (const value of resizeImage({ ...image, data }, width, height)) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(255.001);
      }
    }
  });

  it("averages pixels when it reduces", () => {
    const data = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 2 === 0 ? 0 : 200));
    const small = resizeImage({ width: 64, height: 64, channels: 1, data }, 8, 8);
    for (const value of small) expect(Math.abs(value - 100)).toBeLessThan(5);
  });
});

describe("preparing images", () => {
  const grey = { height: 48, width: 48, channels: 1 };
  const rgb = { height: 48, width: 48, channels: 3 };

  it.skipIf(pillowIsMissing)(
    "converts to grey as Pillow's convert('L') does, up to rounding",
    () => {
      const cases = ([3, 4] as const).map((channels) => {
        const image = noise(48, 48, channels);
        return { image, width: 48, height: 48, found: prepareImages([image], grey) };
      });
      const expected = 'Image.fromarray(data[..., :3].copy(), "RGB").convert("L")';
      expect(largestDifference(cases, expected)).toBeLessThan(0.51);
    },
  );

  it("weights red, green and blue by BT.601", () => {
    const colours = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
    const image = { width: 4, height: 1, channels: 3, data: Uint8Array.from(colours) } as const;
    const found = prepareImages([image], { width: 4, height: 1, channels: 1 });
    const expected = [0.299 * 255, 0.587 * 255, 0.114 * 255, 255];
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 3));
  });

  it("does not change an image that has the size and channels of the input", () => {
    const image = noise(48, 48, 1);
    expect(Array.from(prepareImages([image], grey))).toEqual(Array.from(image.data));
    const colour = noise(48, 48, 3);
    expect(Array.from(prepareImages([colour], rgb))).toEqual(Array.from(colour.data));
  });

  it("drops alpha, and repeats grey if the model takes colour", () => {
    const image = noise(31, 20, 4);
    const opaque = {
      ...image,
      channels: 3,
      data: image.data.filter((_, i) => i % 4 !== 3),
    } as const;
    expect(prepareImages([image], rgb)).toEqual(prepareImages([opaque], rgb));
    const single = noise(31, 20, 1);
    const repeated = prepareImages([single], rgb);
    prepareImages([single], grey).forEach((value, i) => {
      expect([...repeated.subarray(3 * i, 3 * i + 3)]).toEqual([value, value, value]);
    });
  });

  it("accepts the Uint8ClampedArray of a canvas", () => {
    const image = noise(31, 20, 4);
    const clamped = { ...image, data: new Uint8ClampedArray(image.data) };
    expect(prepareImages([clamped], rgb)).toEqual(prepareImages([image], rgb));
  });

  it("gives the same result for an image in a batch as for the image alone", () => {
    const images = [noise(100, 80, 3), noise(48, 48, 1), noise(5, 9, 4)];
    const batch = prepareImages(images, grey);
    expect(batch).toHaveLength(3 * 48 * 48);
    images.forEach((image, i) => {
      const alone = prepareImages([image], grey);
      expect(batch.subarray(i * 48 * 48, (i + 1) * 48 * 48)).toEqual(alone);
    });
    expect(prepareImages([], grey)).toHaveLength(0);
  });

  it("refuses an impossible image, with its number and the reason", () => {
    const good = noise(2, 2, 1);
    const refused: [unknown, string][] = [
      [{ ...good, width: 0 }, "expected a width and a height of at least 1 pixel, found 0×2"],
      [{ ...good, width: -2, height: -2 }, "at least 1 pixel, found -2×-2"],
      [{ ...good, height: 1.5 }, "at least 1 pixel, found 2×1.5"],
      [{ ...good, channels: 2 }, "expected 1 (grey), 3 (RGB) or 4 (RGBA) channels, found 2"],
      [
        { ...good, channels: 3 },
        "expected data as Uint8Array or Uint8ClampedArray of 2×2×3 values, found a Uint8Array of 4 values",
      ],
      [
        { ...good, data: undefined },
        "expected data as Uint8Array or Uint8ClampedArray of 2×2×1 values, found undefined",
      ],
      [undefined, "at least 1 pixel, found undefined×undefined"],
    ];
    for (const [image, reason] of refused) {
      const prepare = () => prepareImages([good, image as RawImage], grey);
      expect(prepare).toThrow(MienError);
      expect(prepare).toThrow("image 2 of 2 cannot be used: ");
      expect(prepare).toThrow(reason);
    }
    expect(() => prepareImages([{ ...good, width: 3 }], grey)).toThrow("the image cannot be used");
  });
});
