export * from "./chart.ts";
export * from "./heatmap.ts";
export * from "./image-grid.ts";
export * from "./page.ts";
export { COLOURS, FONT, inBothThemes, registerFonts, type Theme, type ThemedPng } from "./theme.ts";
