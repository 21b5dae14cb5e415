import type { ChartConfiguration } from "chart.js";
import { ChartJSNodeCanvas } from "chartjs-node-canvas";
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
  const service = new ChartJSNodeCanvas({
    width,
    height,
    backgroundColour: colours.background,
    chartCallback: ({ defaults }) => {
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
    },
  });
  // Chart.js changes the options that it gets.
  const options = { ...configuration.options };
  return service.renderToBufferSync({ ...configuration, options });
}

/** A chart in both themes, for a page; the parameters are those of `renderChart`. */
export function renderThemedChart(
  configuration: ChartConfiguration,
  size: { width?: number; height?: number } = {},
): ThemedPng {
  return inBothThemes((theme) => renderChart(configuration, { ...size, theme }));
}

export type { ChartConfiguration } from "chart.js";
