import { random } from "@mien/format";
import { describe, expect, it } from "vitest";
import { Shrinker, type Layout } from "./shrink.ts";
import { paint } from "./testing/pictures.ts";

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
