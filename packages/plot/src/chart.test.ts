import type { ChartConfiguration } from "chart.js";
import { describe, expect, it } from "vitest";
import { renderChart } from "./chart.ts";
import { decode } from "./testing/pixels.ts";

const bars = (data: number[]): ChartConfiguration => ({
  type: "bar",
  data: { labels: ["a", "b"], datasets: [{ label: "n", data, backgroundColor: "#0072b2" }] },
  options: { scales: { y: { min: 0, max: 4 } } },
});

describe("renderChart", () => {
  it("draws bars in proportion to their values, on white, in the given size", async () => {
    const [low, high] = await Promise.all(
      [
        [1, 1],
        [2, 2],
      ].map(async (data) => decode(renderChart(bars(data), { width: 300, height: 200 }))),
    );
    expect([low?.width, low?.height]).toEqual([600, 400]);
    expect(low?.at(0, 0)).toEqual([255, 255, 255]);
    const [few = 0, many = 0] = [low, high].map((pixels) => pixels?.count(0, 0x72, 0xb2));
    expect(few).toBeGreaterThan(1000);
    expect(many / few).toBeCloseTo(2, 1);
  });

  it("writes the title", async () => {
    const plain = bars([0, 0]);
    const titled: ChartConfiguration = {
      ...plain,
      options: { ...plain.options, plugins: { title: { display: true, text: "A title" } } },
    };
    const inTop = async (configuration: ChartConfiguration) => {
      const pixels = await decode(renderChart(configuration, { width: 300, height: 200 }));
      let dark = 0;
      for (let y = 20; y < 90; y++)
        for (let x = 20; x < 200; x++) dark += Number(pixels.at(x, y)[0] < 80);
      return dark;
    };
    expect(await inTop(titled)).toBeGreaterThan((await inTop(plain)) + 100);
  });

  it("gives the same bytes every time and does not change the configuration", () => {
    const configuration = bars([1, 3]);
    const before = JSON.stringify(configuration);
    const first = renderChart(configuration);
    expect(JSON.stringify(configuration)).toBe(before);
    expect(renderChart(configuration).equals(first)).toBe(true);
  });
});
