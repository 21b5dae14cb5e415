import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { ChartConfiguration } from "chart.js";
import { escapeHtml } from "./page.ts";

/** A chart of a page, which shows the values under the pointer. */
export interface PageChart {
  /** As Chart.js takes it, without functions, since it is stored as JSON. */
  readonly configuration: ChartConfiguration;
  /** Plain text above the chart. It replaces the title in the configuration. */
  readonly title: string;
  /**
   * [data set][value], text for the value under the pointer, without the name of the data set;
   * default the value.
   */
  readonly tips?: readonly (readonly string[])[];
  /** HTML below the chart, for example its values as a table. */
  readonly below?: string;
}

/**
 * A chart as HTML. The page must also contain `chartScript()` once, after all charts, and the style
 * `CHART_STYLE`.
 */
export function htmlChart({ configuration, title, tips = [], below = "" }: PageChart): string {
  const json = JSON.stringify({ configuration, tips }).replaceAll("<", "\\u003c");
  return `<figure class="chart card"><figcaption>${escapeHtml(title)}</figcaption>
<div class="canvas"><canvas role="img" aria-label="${escapeHtml(title)}"></canvas></div>
<script type="application/json">${json}</script>${below}</figure>`;
}

/** Draws the charts of the page: Chart.js and the code that calls it, in script elements. */
export function chartScript(): string {
  const main = createRequire(import.meta.url).resolve("chart.js");
  const library = readFileSync(path.join(path.dirname(main), "chart.umd.min.js"), "utf8")
    // Its address would be requested when the developer tools are open.
    .replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n")
    .replaceAll("</script", "<\\/script");
  return `<script>${library}</script>\n<script>${DRAW}</script>`;
}

/** CSS of charts on a page. */
export const CHART_STYLE = `
figure.chart { margin: 0; padding: .9rem 1rem 1rem; min-width: 0; }
.chart figcaption { font-weight: 600; margin-bottom: .6rem; }
.chart .canvas { position: relative; height: 19rem; }
@media print { .chart .canvas { height: 15rem; } .chart canvas { max-width: 100%; } }
`;

/**
 * The program in the page. It draws the charts again when the theme changes, and in the light theme
 * for printing.
 */
const DRAW = `
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const figures = [...document.querySelectorAll("figure.chart")];
  const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  let charts = [];
  function draw() {
    for (const chart of charts) chart.destroy();
    const style = getComputedStyle(document.documentElement);
    const { defaults } = Chart;
    defaults.color = style.getPropertyValue("--text").trim();
    defaults.borderColor = style.getPropertyValue("--line").trim();
    defaults.font.family = getComputedStyle(document.body).fontFamily;
    defaults.font.size = Math.round(parseFloat(style.fontSize) * 0.8125);
    defaults.animation = false;
    defaults.maintainAspectRatio = false;
    defaults.interaction = { mode: "index", axis: "x", intersect: false };
    defaults.plugins.legend.labels.boxWidth = defaults.plugins.legend.labels.boxHeight = 12;
    charts = figures.map((figure) => {
      const { configuration, tips } = JSON.parse(figure.querySelector("script").textContent);
      const { options } = configuration;
      const label = ({ dataset, datasetIndex, dataIndex, formattedValue, parsed }) =>
        dataset.label + ": " + (tips[datasetIndex]?.[dataIndex] ?? (parsed ? number.format(parsed.y) : formattedValue));
      options.plugins = { ...options.plugins, title: { display: false }, tooltip: { callbacks: { label } } };
      return new Chart(figure.querySelector("canvas"), configuration);
    });
    document.documentElement.dataset.drawn = charts.length;
  }
  draw();
  dark.addEventListener("change", draw);
  matchMedia("print").addEventListener("change", draw);
  addEventListener("beforeprint", () => charts.forEach((chart) => chart.resize()));
  addEventListener("afterprint", () => charts.forEach((chart) => chart.resize()));
})();
`;
