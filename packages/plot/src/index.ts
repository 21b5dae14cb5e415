export { renderChart, renderThemedChart, type ChartConfiguration } from "./chart.ts";
export { drawHeatmap } from "./heatmap.ts";
export { drawImageGrid } from "./image-grid.ts";
export { escapeHtml, htmlFigure, htmlPage, htmlTable, htmlTile } from "./page.ts";
export { COLOURS, FONT, inBothThemes, registerFonts, type Theme, type ThemedPng } from "./theme.ts";
