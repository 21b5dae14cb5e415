import { describe, expect, it } from "vitest";
import { isDark, sequentialColour } from "./colour-scale.ts";
import { drawHeatmap } from "./heatmap.ts";
import { decode } from "./testing/pixels.ts";

const heatmap = {
  values: [
    [1, 0],
    [0.25, 0.75],
  ],
  rows: ["cat", "dog"],
  columns: ["cat", "dog"],
  title: "Confusion",
  rowTitle: "actual",
  columnTitle: "predicted",
};

describe("drawHeatmap", () => {
  it("fills each cell with the colour of its value", async () => {
    const pixels = await decode(drawHeatmap(heatmap));
    for (const value of heatmap.values.flat()) {
      expect(pixels.count(...sequentialColour(value))).toBeGreaterThan(3000);
    }
  });

  it("writes each value in the given format", () => {
    const asPercent = { ...heatmap, format: (value: number) => `${100 * value} %` };
    expect(drawHeatmap(asPercent).equals(drawHeatmap(heatmap))).toBe(false);
    expect(
      drawHeatmap({ ...heatmap, format: (v) => v.toFixed(2) }).equals(drawHeatmap(heatmap)),
    ).toBe(true);
  });

  it("grows with its labels and does not cut them off", async () => {
    const name = "a name that needs much more room than the others";
    const wide = await decode(
      drawHeatmap({ ...heatmap, rows: ["cat", name], columns: ["cat", name] }),
    );
    expect(wide.width).toBeGreaterThan((await decode(drawHeatmap(heatmap))).width + 600);
  });

  it("draws a missing value in grey", async () => {
    const pixels = await decode(
      drawHeatmap({
        ...heatmap,
        values: [
          [NaN, NaN],
          [0, 1],
        ],
      }),
    );
    expect(pixels.count(0xec, 0xef, 0xf3)).toBeGreaterThan(6000);
  });
});

describe("sequentialColour", () => {
  const luminance = ([red, green, blue]: readonly number[]) =>
    0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);

  it("gets darker with every step", () => {
    const steps = Array.from({ length: 101 }, (_, i) => luminance(sequentialColour(i / 100)));
    for (let i = 1; i < steps.length; i++) expect(steps[i]).toBeLessThan(steps[i - 1] ?? 0);
  });

  it("clamps values to 0 to 1", () => {
    expect(sequentialColour(-1)).toEqual(sequentialColour(0));
    expect(sequentialColour(7)).toEqual(sequentialColour(1));
  });
});

describe("isDark", () => {
  /** WCAG contrast ratio of two colours. */
  const contrast = (a: readonly number[], b: readonly number[]) => {
    const light = (colour: readonly number[]) => {
      const [red = 0, green = 0, blue = 0] = colour.map((channel) => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };

  it("chooses the text colour that is easier to read, at least 3.5 to 1, for every value", () => {
    for (let i = 0; i <= 100; i++) {
      const colour = sequentialColour(i / 100);
      const [white, dark] = [
        contrast(colour, [255, 255, 255]),
        contrast(colour, [0x1f, 0x29, 0x33]),
      ];
      const chosen = isDark(colour) ? white : dark;
      expect(chosen).toBeGreaterThan(3.5);
      expect(chosen).toBeGreaterThan(Math.max(white, dark) - 0.2);
    }
  });
});
