import { counted } from "@mien/cli";
import { escapeHtml } from "@mien/plot";
import type { ReliabilityBin } from "../score/metrics.ts";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  /** [x, y] from left to right. */
  readonly points: readonly (readonly [number, number])[];
  /** CSS; by default that of its place among the series. */
  readonly colour?: string;
}

/** Colours of series in the order of their first use; after the last one they start again. */
const COLOURS = ["var(--a)", "var(--b)", "var(--c)", "var(--d)", "var(--e)", "var(--f)"];

const WIDTH = 440;
const HEIGHT = 250;
const LEFT = 44;
const BOTTOM = 24;
const TOP = 8;
const RIGHT = 10;

/** A figure with lines, axes and a key, as HTML. */
export function lineChart(chart: {
  readonly title: string;
  /** What the vertical axis counts. */
  readonly unit: string;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** A position on the horizontal axis to point out. */
  readonly mark?: { readonly x: number; readonly name: string };
}): string {
  const points = chart.series.flatMap((series) => series.points);
  const ticks = niceTicks(
    Math.min(...points.map(([, y]) => y)),
    Math.max(...points.map(([, y]) => y)),
  );
  const last = Math.max(2, ...points.map(([x]) => x));
  const x = scale([1, last], [LEFT, WIDTH - RIGHT]);
  const y = scale([ticks[0] as number, ticks.at(-1) as number], [HEIGHT - BOTTOM, TOP]);
  const steps = niceTicks(1, last).filter(
    (tick) => Number.isInteger(tick) && tick >= 1 && tick <= last,
  );
  const { mark } = chart;
  const series = chart.series.map((one, i) => ({ colour: colourOf(i), ...one }));
  return figure(
    chart,
    [
      ...ticks.map((tick) => rule(y(tick), chart.format(tick))),
      ...steps.map((tick) => label(x(tick), String(tick))),
      ...(mark
        ? [
            `<line class="guide" x1="${x(mark.x)}" x2="${x(mark.x)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"><title>${escapeHtml(mark.name)}</title></line>`,
          ]
        : []),
      ...series.map(({ points, colour }) => {
        const path = points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(" ");
        const dots = points.map(
          ([px, py]) =>
            `<circle cx="${round(x(px))}" cy="${round(y(py))}" r="${points.length > 40 ? 1 : 2.5}" fill="${colour}"><title>${px}: ${chart.format(py)}</title></circle>`,
        );
        return `<polyline class="curve" style="stroke: ${colour}" points="${path}"/>${dots.join("")}`;
      }),
    ],
    series,
  );
}

/** Accuracy over confidence before and after calibration, with the share of images as bars. */
export function reliabilityChart(chart: {
  readonly title: string;
  readonly before: readonly ReliabilityBin[];
  readonly after: readonly ReliabilityBin[];
}): string {
  const x = scale([0, 1], [LEFT, WIDTH - RIGHT]);
  const y = scale([0, 1], [HEIGHT - BOTTOM, TOP]);
  const images = chart.after.reduce((sum, bin) => sum + bin.images, 0);
  const curve = (bins: readonly ReliabilityBin[], colour: string) => {
    const filled = bins.filter((bin) => bin.images > 0);
    const points = filled.map((bin) => [round(x(bin.confidence)), round(y(bin.accuracy))] as const);
    const dots = filled.map((bin, i) => {
      const [cx, cy] = points[i] as readonly [number, number];
      const text = `${counted(bin.images, "image")}: ${Math.round(100 * bin.confidence)} % sure, ${Math.round(100 * bin.accuracy)} % right`;
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"><title>${text}</title></circle>`;
    });
    return `<polyline class="curve" style="stroke: ${colour}" points="${points.join(" ")}"/>${dots.join("")}`;
  };
  const bars = chart.after.map((bin, i) => {
    const [left, right] = [x(i / chart.after.length) + 1, x((i + 1) / chart.after.length) - 1];
    const top = y(bin.images / images);
    return `<rect x="${round(left)}" y="${round(top)}" width="${round(right - left)}" height="${round(HEIGHT - BOTTOM - top)}" fill="var(--line)"/>`;
  });
  const quarters = [0, 0.25, 0.5, 0.75, 1];
  return figure(
    { title: chart.title, unit: "accuracy over confidence" },
    [
      ...bars,
      ...quarters.map((tick) => rule(y(tick), `${100 * tick} %`)),
      ...quarters.map((tick) => label(x(tick), `${100 * tick} %`)),
      `<line class="guide" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>`,
      curve(chart.before, "var(--b)"),
      curve(chart.after, "var(--a)"),
    ],
    [
      { name: "before calibration", colour: "var(--b)" },
      { name: "calibrated", colour: "var(--a)" },
      { name: "share of images (calibrated)", colour: "var(--line)" },
    ],
  );
}

/** The colour of the series at an index. */
export function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] as string;
}

function figure(
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

function rule(y: number, text: string): string {
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y)}" y2="${round(y)}"/><text x="${LEFT - 8}" y="${round(y + 4)}" text-anchor="end">${text}</text>`;
}

function label(x: number, text: string): string {
  return `<text x="${round(x)}" y="${HEIGHT - 6}" text-anchor="middle">${text}</text>`;
}

function scale(
  [from, to]: readonly [number, number],
  [low, high]: readonly [number, number],
): (value: number) => number {
  return (value) => low + ((value - from) / (to - from || 1)) * (high - low);
}

const round = (value: number) => Math.round(10 * value) / 10;

/** Round numbers that enclose a range, at most seven of them. */
export function niceTicks(low: number, high: number): number[] {
  const raw = Math.max(high - low, 1e-9) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) as number;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}
