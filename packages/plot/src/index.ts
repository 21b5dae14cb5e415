export { renderChart, renderThemedChart, type ChartConfiguration } from "./chart.ts";
export { drawHeatmap } from "./heatmap.ts";
export { drawImageGrid } from "./image-grid.ts";
export { chartScript, CHART_STYLE, htmlChart, type PageChart } from "./page-chart.ts";
export { escapeHtml, htmlFigure, htmlPage, htmlTable, htmlTile } from "./page.ts";
export { drawSpriteSheets } from "./sprite-sheets.ts";
export { COLOURS, FONT, inBothThemes, registerFonts, type Theme, type ThemedPng } from "./theme.ts";
