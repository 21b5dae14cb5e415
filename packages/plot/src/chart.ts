import { createCanvas } from "@napi-rs/canvas";
import type { ChartConfiguration, ChartItem, Plugin } from "chart.js";
import { Chart } from "chart.js/auto";
import {
  FONT,
  inBothThemes,
  PIXEL_RATIO,
  registerFonts,
  THEMES,
  type Theme,
  type ThemedPng,
} from "./theme.ts";

/**
 * Draws a Chart.js chart as PNG in the bundled font, on the background of a theme.
 *
 * Font sizes are 16 px for titles and 13 px for all else, unless the configuration sets others.
 * There is no animation.
 *
 * @param configuration as Chart.js takes it; it is not changed.
 * @param size in layout pixels, default 800 × 450; the PNG has twice as many pixels in each direction.
 * @param size.theme default `light`.
 * @see https://www.chartjs.org/docs/latest/
 */
export function renderChart(
  configuration: ChartConfiguration,
  size: { width?: number; height?: number; theme?: Theme } = {},
): Buffer {
  registerFonts();
  const { width = 800, height = 450, theme = "light" } = size;
  const colours = THEMES[theme];
  const { defaults } = Chart;
  defaults.font.family = `"${FONT}"`;
  defaults.font.size = 13;
  defaults.color = colours.text;
  defaults.borderColor = colours.line;
  defaults.devicePixelRatio = PIXEL_RATIO;
  defaults.layout.padding = 16;
  defaults.plugins.title.color = colours.text;
  defaults.plugins.title.align = "start";
  defaults.plugins.title.font = { size: 16, weight: "bold" };
  defaults.plugins.legend.labels.boxWidth = 14;
  defaults.plugins.legend.labels.boxHeight = 14;
  const canvas = createCanvas(width, height);
  const background: Plugin = {
    id: "background",
    beforeDraw: () => {
      const context = canvas.getContext("2d");
      context.save();
      context.fillStyle = colours.background;
      context.fillRect(0, 0, width, height);
      context.restore();
    },
  };
  const { plugins = [], options, ...rest } = configuration;
  // Without a browser, Chart.js needs only the methods that both canvases have.
  const chart = new Chart(canvas as ChartItem, {
    ...rest,
    plugins: [...plugins, background],
    options: { ...options, responsive: false, animation: false },
  });
  try {
    return canvas.toBuffer("image/png");
  } finally {
    chart.destroy();
  }
}

/** A chart in both themes, for a page; the parameters are those of `renderChart`. */
export function renderThemedChart(
  configuration: ChartConfiguration,
  size: { width?: number; height?: number } = {},
): ThemedPng {
  return inBothThemes((theme) => renderChart(configuration, { ...size, theme }));
}

export type { ChartConfiguration } from "chart.js";
