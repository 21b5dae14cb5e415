import { createRequire } from "node:module";
import { createCanvas, GlobalFonts, type Canvas, type SKRSContext2D } from "@napi-rs/canvas";

/** The family name under which DejaVu Sans is registered; no system font can stand in for it. */
export const FONT = "Mien Sans";

/** Colours that every plot shares; none of them carries meaning by red against green alone. */
export const COLOURS = {
  background: "#ffffff",
  text: "#1f2933",
  quiet: "#6b7785",
  line: "#d8dee6",
  /** For one series after another: Okabe and Ito's palette, which colour-blind readers can tell apart. */
  series: ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8f98"],
} as const;

/** Light or dark: what a plot is drawn for. */
export type Theme = "light" | "dark";

/** Colours of a plot's ground, text, quiet text and lines; `dark` has those of a dark page's cards. */
export const THEMES = {
  light: COLOURS,
  dark: { ...COLOURS, background: "#1c2229", text: "#e4e8ec", quiet: "#9aa5b1", line: "#313a44" },
} as const;

/** One picture as two PNG files, one for each theme of the reader. */
export interface ThemedPng {
  readonly light: Buffer;
  readonly dark: Buffer;
}

/** Draws a picture once for each theme. */
export function inBothThemes(draw: (theme: Theme) => Buffer): ThemedPng {
  return { light: draw("light"), dark: draw("dark") };
}

/** Device pixels per layout pixel, so that text stays sharp on any screen. */
export const PIXEL_RATIO = 2;

/** Registers the bundled font once; a plot then looks the same on every machine. */
export function registerFonts(): void {
  if (GlobalFonts.has(FONT)) return;
  const { resolve } = createRequire(import.meta.url);
  for (const file of ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"]) {
    GlobalFonts.registerFromPath(resolve(`dejavu-fonts-ttf/ttf/${file}`), FONT);
  }
}

/** The CSS font text of a size in layout pixels. */
export function fontOf(size: number, weight: "normal" | "bold" = "normal"): string {
  return `${weight} ${size}px "${FONT}"`;
}

/**
 * A canvas with the background of a theme, whose context takes layout pixels.
 *
 * @param width in layout pixels; rounded up.
 * @param height in layout pixels; rounded up.
 * @param theme by default `light`, which is white.
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

/** The widest of some texts, in layout pixels; 0 without texts. */
export function widestText(texts: readonly string[], font: string): number {
  const { context } = openCanvas(1, 1);
  context.font = font;
  return Math.max(0, ...texts.map((text) => context.measureText(text).width));
}
