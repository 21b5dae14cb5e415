import { describe, expect, it } from "vitest";
import { smallSet } from "../testing/small-set.ts";
import { pixelsAt } from "../network/trained-model.ts";
import { tenViews, viewAt } from "./test-time-augmentation.ts";

const set = {
  ...smallSet,
  height: 2,
  width: 3,
  channels: 1,
  pixels: Uint8Array.of(9, 9, 9, 9, 9, 9, 1, 2, 3, 4, 5, 6),
};
const seen = (x: number, y: number, mirror: boolean) => [
  ...viewAt(set, Uint32Array.of(1), { x, y, mirror }),
];

describe("viewAt", () => {
  it("shifts and mirrors images, and repeats their border", () => {
    expect(seen(0, 0, false)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(seen(0, 0, true)).toEqual([3, 2, 1, 6, 5, 4]);
    expect(seen(1, 0, false)).toEqual([2, 3, 3, 5, 6, 6]);
    expect(seen(-1, 1, false)).toEqual([4, 4, 5, 4, 4, 5]);
    expect(seen(1, -1, true)).toEqual([3, 3, 2, 3, 3, 2]);
  });

  it("keeps colours together", () => {
    const colour = { ...set, height: 1, width: 2, channels: 3 };
    const mirrored = viewAt(colour, Uint32Array.of(1), { x: 0, y: 0, mirror: true });
    expect([...mirrored]).toEqual([4, 5, 6, 1, 2, 3]);
  });
});

describe("tenViews", () => {
  it("start with the image itself, and are all different", () => {
    const views = tenViews(smallSet);
    const some = Uint32Array.of(5, 3);
    expect(viewAt(smallSet, some, views[0]!)).toEqual(pixelsAt(smallSet, some));
    expect(views).toHaveLength(10);
    expect(new Set(views.map((view) => String(viewAt(smallSet, some, view)))).size).toBe(10);
    expect(Math.max(...views.map(({ x, y }) => Math.max(x, y)))).toBe(3);
  });
});
