import { createRequire } from "node:module";
import { createCanvas, GlobalFonts, type Canvas, type SKRSContext2D } from "@napi-rs/canvas";

/** The family name under which DejaVu Sans is registered; no font of the system has it. */
export const FONT = "Mien Sans";

/** The colours of all plots; no meaning depends on telling red from green. */
export const COLOURS = {
  background: "#ffffff",
  text: "#1f2933",
  quiet: "#6b7785",
  line: "#d8dee6",
  /**
   * Colours of the series, in their order: the palette of Okabe and Ito, which colour-blind readers
   * can tell apart.
   */
  series: ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8f98"],
} as const;

/** The theme of the page for which a plot is drawn. */
export type Theme = "light" | "dark";

/**
 * Colours of background, text, secondary text and lines. The theme `dark` matches the cards of a
 * dark page.
 */
export const THEMES = {
  light: COLOURS,
  dark: { ...COLOURS, background: "#1c2229", text: "#e4e8ec", quiet: "#9aa5b1", line: "#313a44" },
} as const;

/** A picture as two PNG files, one for each theme. */
export interface ThemedPng {
  readonly light: Buffer;
  readonly dark: Buffer;
}

/** Draws a picture once for each theme. */
export function inBothThemes(draw: (theme: Theme) => Buffer): ThemedPng {
  return { light: draw("light"), dark: draw("dark") };
}

/** Device pixels per layout pixel, so that text is sharp on every screen. */
export const PIXEL_RATIO = 2;

/**
 * Registers the bundled font, so that plots look the same on every machine; may be called
 * repeatedly.
 */
export function registerFonts(): void {
  if (GlobalFonts.has(FONT)) return;
  const { resolve } = createRequire(import.meta.url);
  for (const file of ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"]) {
    GlobalFonts.registerFromPath(resolve(`dejavu-fonts-ttf/ttf/${file}`), FONT);
  }
}

/** The font of plots in CSS notation; `size` in layout pixels. */
export function fontOf(size: number, weight: "normal" | "bold" = "normal"): string {
  return `${weight} ${size}px "${FONT}"`;
}

/**
 * A canvas with the background and text colour of a theme; its context takes layout pixels.
 *
 * @param width in layout pixels, rounded up.
 * @param height in layout pixels, rounded up.
 * @param theme default `light`, which is white.
 */
export function openCanvas(
  width: number,
  height: number,
  theme: Theme = "light",
): { canvas: Canvas; context: SKRSContext2D } {
  registerFonts();
  const canvas = createCanvas(Math.ceil(width) * PIXEL_RATIO, Math.ceil(height) * PIXEL_RATIO);
  const context = canvas.getContext("2d");
  context.scale(PIXEL_RATIO, PIXEL_RATIO);
  context.fillStyle = THEMES[theme].background;
  context.fillRect(0, 0, Math.ceil(width), Math.ceil(height));
  context.fillStyle = THEMES[theme].text;
  return { canvas, context };
}

/** The width of the widest text in layout pixels; 0 without texts. */
export function widestText(texts: readonly string[], font: string): number {
  const { context } = openCanvas(1, 1);
  context.font = font;
  return Math.max(0, ...texts.map((text) => context.measureText(text).width));
}
