import { escapeHtml } from "@mien/plot";

/** Colours of series in the order of their use, as CSS; after the last one they repeat. */
const COLOURS = [
  "var(--a)",
  "var(--b)",
  "var(--c)",
  "var(--d)",
  "var(--e)",
  "var(--f)",
  "var(--g)",
  "var(--text)",
] as const;

/** The size of a chart, in units of its viewBox. */
const WIDTH = 440;
const HEIGHT = 250;

/** The borders of the area that the axes enclose, in units of the viewBox. */
export const AREA = { left: 44, right: WIDTH - 10, top: 8, bottom: HEIGHT - 24 } as const;

/** The colour of the series at an index. */
export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? COLOURS[0];
}

/**
 * A chart with title and key, as HTML.
 *
 * @param shapes SVG elements.
 * @param key names of the series with their colours.
 */
export function chartFigure(
  { title, unit }: { readonly title: string; readonly unit: string },
  shapes: readonly string[],
  key: readonly { readonly name: string; readonly colour: string }[],
): string {
  const names = key.map(
    ({ name, colour }) => `<span><i style="background: ${colour}"></i>${escapeHtml(name)}</span>`,
  );
  return `<figure class="card"><figcaption>${escapeHtml(title)} <small>${escapeHtml(unit)}</small></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">${shapes.join("")}</svg>
<div class="key">${names.join("")}</div></figure>`;
}

/** A horizontal grid line with its tick label. */
export function gridLine(y: number, text: string): string {
  return `<line class="grid" x1="${AREA.left}" x2="${AREA.right}" y1="${round(y)}" y2="${round(y)}"/><text x="${AREA.left - 8}" y="${round(y + 4)}" text-anchor="end">${text}</text>`;
}

/** A tick label of the horizontal axis. */
export function tickLabel(x: number, text: string): string {
  return `<text x="${round(x)}" y="${HEIGHT - 6}" text-anchor="middle">${text}</text>`;
}

/** The scales, grid lines and tick labels of a chart whose axes both go from 0 to 100 %. */
export function shareAxes(): {
  readonly x: (share: number) => number;
  readonly y: (share: number) => number;
  readonly shapes: readonly string[];
} {
  const x = linearScale([0, 1], [AREA.left, AREA.right]);
  const y = linearScale([0, 1], [AREA.bottom, AREA.top]);
  const quarters = [0, 0.25, 0.5, 0.75, 1];
  return {
    x,
    y,
    shapes: [
      ...quarters.map((tick) => gridLine(y(tick), `${100 * tick} %`)),
      ...quarters.map((tick) => tickLabel(x(tick), `${100 * tick} %`)),
    ],
  };
}

/** The linear function that maps one range to another. */
export function linearScale(
  [from, to]: readonly [number, number],
  [low, high]: readonly [number, number],
): (value: number) => number {
  return (value) => low + ((value - from) / (to - from || 1)) * (high - low);
}

/** A coordinate rounded to 0.1. */
export const round = (value: number): number => Math.round(10 * value) / 10;

/** Round numbers that enclose a range, at most seven of them. */
export function niceTicks(low: number, high: number): number[] {
  const raw = Math.max(high - low, 1e-9) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5].map((n) => n * power).find((n) => n >= raw) ?? 10 * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}
