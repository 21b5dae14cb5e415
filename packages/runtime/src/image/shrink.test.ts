import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { Shrinker, type Layout } from "./shrink.ts";
import { paint } from "../testing/pictures.ts";

const hwc = (width: number, height: number): Layout => ({
  width,
  height,
  order: "hwc",
  bgr: false,
});

function shrink(
  picture: ReturnType<typeof paint>,
  width: number,
  height: number,
  layout = hwc(width, height),
) {
  const target = new Float32Array(layout.width * layout.height * 3);
  new Shrinker().shrink(picture, { width, height }, layout, target);
  return target;
}

describe("shrinking", () => {
  it("leaves a picture of the right size as it is", () => {
    const stream = random(1, "noise");
    const picture = paint(33, 17, () => [
      stream.integer(256),
      stream.integer(256),
      stream.integer(256),
    ]);
    expect(shrink(picture, 33, 17)).toEqual(Float32Array.from(picture.pixels));
  });

  it("keeps one colour and a slope, at any scale", () => {
    const slope = paint(640, 480, (x, y) => [x / 4, y / 2.5, 77]);
    for (const [width, height] of [
      [416, 312],
      [1280, 960],
      [320, 240],
      [96, 72],
    ] as const) {
      const small = shrink(slope, width, height);
      let worst = 0;
      const note = (found: number, wanted: number) => {
        worst = Math.max(worst, Math.abs(found - wanted));
      };
      const place = (i: number, size: number, full: number) => ((i + 0.5) * full) / size - 0.5;
      for (let y = 1; y < height - 1; y += 7) {
        for (let x = 1; x < width - 1; x += 7) {
          const at = (y * width + x) * 3;
          note(small[at]!, place(x, width, 640) / 4);
          note(small[at + 1]!, place(y, height, 480) / 2.5);
          note(small[at + 2]!, 77);
        }
      }
      expect(worst).toBeLessThan(1.6);
    }
  });

  it("averages instead of picking when it shrinks a lot", () => {
    // One pixel wide stripes are grey from afar.
    const stripes = paint(400, 300, (x) =>
      Math.floor(x / 2) % 2 === 0 ? [0, 0, 0] : [200, 200, 200],
    );
    const small = shrink(stripes, 100, 75);
    expect(new Set(small)).toEqual(new Set([100]));
  });

  it("takes exactly the mean of two samples, to the last pixel of the last row", () => {
    const stream = random(2, "noise");
    const picture = paint(640, 480, () => [
      stream.integer(256),
      stream.integer(256),
      stream.integer(256),
    ]);
    // Somewhere inside a larger buffer, as a decoder hands it out.
    const room = new Uint8Array(picture.pixels.length + 5).fill(255);
    room.set(picture.pixels, 3);
    const inside = { ...picture, pixels: room.subarray(3, 3 + picture.pixels.length) };
    const small = shrink(inside, 416, 312);
    const taps = (to: number, from: number) => {
      const centre = ((to + 0.5) * 640) / 416 - 0.5;
      const near = (at: number) => Math.min(Math.max(Math.round(at), 0), from - 1);
      return [near(centre - 640 / 416 / 4), near(centre + 640 / 416 / 4)] as const;
    };
    let wrong = 0;
    for (let y = 0; y < 312; y++) {
      const [top, bottom] = taps(y, 480);
      for (let x = 0; x < 416; x++) {
        const [left, right] = taps(x, 640);
        for (let c = 0; c < 3; c++) {
          const a = picture.pixels[(top * 640 + left) * 3 + c]!;
          const b = picture.pixels[(bottom * 640 + right) * 3 + c]!;
          if (small[(y * 416 + x) * 3 + c] !== (a + b) >> 1) wrong++;
        }
      }
    }
    expect(wrong).toBe(0);
  });

  it("puts channels where the layout says and leaves the padding alone", () => {
    const picture = paint(4, 2, () => [10, 20, 30]);
    const layout: Layout = { width: 6, height: 3, order: "chw", bgr: true };
    const target = shrink(picture, 4, 2, layout);
    const plane = (channel: number) => [...target.subarray(channel * 18, channel * 18 + 18)];
    const filled = (v: number) => [v, v, v, v, 0, 0, v, v, v, v, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(plane(0)).toEqual(filled(30));
    expect(plane(1)).toEqual(filled(20));
    expect(plane(2)).toEqual(filled(10));
  });
});
