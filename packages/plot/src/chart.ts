import type { ChartConfiguration } from "chart.js";
import { ChartJSNodeCanvas } from "chartjs-node-canvas";
import { COLOURS, FONT, PIXEL_RATIO, registerFonts } from "./theme.ts";

/**
 * Draws a Chart.js chart as PNG on white, in the bundled font.
 *
 * The configuration is Chart.js's own; animation and responsiveness are switched off. Titles are
 * set at 16 px, everything else at 13 px, unless the configuration says otherwise.
 *
 * @param size in layout pixels, by default 800 × 450; the PNG has twice as many pixels each way.
 * @see https://www.chartjs.org/docs/latest/
 */
export function renderChart(
  configuration: ChartConfiguration,
  size: { width?: number; height?: number } = {},
): Buffer {
  registerFonts();
  const { width = 800, height = 450 } = size;
  const service = new ChartJSNodeCanvas({
    width,
    height,
    backgroundColour: COLOURS.background,
    chartCallback: ({ defaults }) => {
      defaults.font.family = `"${FONT}"`;
      defaults.font.size = 13;
      defaults.color = COLOURS.text;
      defaults.borderColor = COLOURS.line;
      defaults.devicePixelRatio = PIXEL_RATIO;
      defaults.layout.padding = 16;
      defaults.plugins.title.color = COLOURS.text;
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
