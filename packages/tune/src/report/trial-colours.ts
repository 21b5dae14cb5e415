import type { Theme } from "@mien/plot";

type Rgb = readonly [number, number, number];

/**
 * The weakest and the strongest colour of trials on the background of a theme. The weakest has a
 * contrast of at least 3 to the background, as WCAG 2 requires for graphics.
 */
const SHADES: Record<Theme, Record<"complete" | "pruned", readonly [Rgb, Rgb]>> = {
  light: {
    complete: [
      [96, 150, 200],
      [8, 36, 84],
    ],
    pruned: [
      [206, 128, 36],
      [110, 50, 0],
    ],
  },
  dark: {
    complete: [
      [70, 120, 172],
      [205, 230, 252],
    ],
    pruned: [
      [160, 102, 40],
      [255, 208, 130],
    ],
  },
};

/** The colour of a trial, in CSS: from weak at a share of 0 to strong at 1. */
export function shade(share: number, kind: "complete" | "pruned", theme: Theme): string {
  const [weak, strong] = SHADES[theme][kind];
  const mix = weak.map((from, i) => Math.round(from + share * ((strong[i] as number) - from)));
  return `rgb(${mix.join(", ")})`;
}
