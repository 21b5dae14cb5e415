import { describe, expect, it } from "vitest";
import { fontOf, openCanvas, widestText } from "./theme.ts";

describe("the plots' font", () => {
  // Advance widths of DejaVu Sans 2.37, in units of 2048 to the em, as its hmtx table gives them.
  it.each([
    ["normal", "M", 1767],
    ["normal", "i", 569],
    ["bold", "M", 2038],
    ["bold", "i", 702],
  ] as const)("is DejaVu Sans: %s %s is %i units wide", (weight, letter, units) => {
    expect(widestText([letter], fontOf(2048, weight))).toBeCloseTo(units, 0);
  });
});

describe("widestText", () => {
  it("is the width of the widest text, and 0 without texts", () => {
    const font = fontOf(13);
    expect(widestText(["i", "MMM", "M"], font)).toBe(widestText(["MMM"], font));
    expect(widestText([], font)).toBe(0);
  });
});

describe("openCanvas", () => {
  it("is white and has two pixels per layout pixel", () => {
    const { canvas, context } = openCanvas(10, 20);
    expect([canvas.width, canvas.height]).toEqual([20, 40]);
    expect([...context.getImageData(19, 39, 1, 1).data]).toEqual([255, 255, 255, 255]);
  });
});
