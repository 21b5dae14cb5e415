import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeLabels, type LabelSize, type Rectangle } from "./place-labels.ts";

const PICTURE = { width: 640, height: 480 };

const sizes: fc.Arbitrary<LabelSize> = fc
  .record({
    x: fc.integer({ min: -20, max: 630 }),
    y: fc.integer({ min: -20, max: 470 }),
    side: fc.integer({ min: 16, max: 200 }),
    width: fc.integer({ min: 40, max: 160 }),
  })
  .map(({ x, y, side, width }) => ({ box: [x, y, side, side] as const, width, height: 22 }));

/** Whether two rectangles have an area in common. */
function overlaps([a, b, c, d]: Rectangle, [x, y, w, h]: Rectangle): boolean {
  return a < x + w && x < a + c && b < y + h && y < b + d;
}

describe("placeLabels", () => {
  it("puts a single label above its box, or below at the upper edge", () => {
    const label = { width: 100, height: 20 };
    const place = (box: Rectangle) => placeLabels([{ ...label, box }], PICTURE)[0]!;
    const [x, y] = place([50, 100, 60, 80]);
    expect([x, y < 80, y > 70]).toEqual([50, true, true]);
    expect(place([50, 5, 60, 80])[1]).toBeGreaterThanOrEqual(85);
  });

  it("covers no label with another, and leaves none outside of the picture", () => {
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 14 }), (labels) => {
        const rectangles = placeLabels(labels, PICTURE).map(([x, y], i): Rectangle => [
          x,
          y,
          labels[i]!.width,
          labels[i]!.height,
        ]);
        rectangles.forEach((one, i) => {
          expect(rectangles.slice(i + 1).filter((other) => overlaps(one, other))).toEqual([]);
          expect(one[0] >= 0 && one[1] >= 0).toBe(true);
          expect(one[0] + one[2]).toBeLessThanOrEqual(PICTURE.width);
          expect(one[1] + one[3]).toBeLessThanOrEqual(PICTURE.height);
        });
      }),
    );
  });
});
