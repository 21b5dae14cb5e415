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
 * Draws a Chart.js chart as PNG in the bundled font, on white or on the ground of a dark page.
 *
 * The configuration is Chart.js's own; animation and responsiveness are switched off. Titles are
 * set at 16 px, everything else at 13 px, unless the configuration says otherwise.
 *
 * @param size in layout pixels, by default 800 × 450; the PNG has twice as many pixels each way.
 * @param size.theme by default `light`.
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
  // Chart.js writes into the configuration that it is given.
  const options = { ...configuration.options };
  return service.renderToBufferSync({ ...configuration, options });
}

/** A chart in both themes, for a page. `size` as in `renderChart`. */
export function renderThemedChart(
  configuration: ChartConfiguration,
  size: { width?: number; height?: number } = {},
): ThemedPng {
  return inBothThemes((theme) => renderChart(configuration, { ...size, theme }));
}

export type { ChartConfiguration } from "chart.js";
