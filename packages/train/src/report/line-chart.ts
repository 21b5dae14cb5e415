import { escapeHtml } from "@mien/plot";
import {
  AREA,
  chartFigure,
  colourOf,
  gridLine,
  linearScale,
  niceTicks,
  round,
  tickLabel,
} from "./svg-chart.ts";

/** One line of a chart. */
interface Series {
  readonly name: string;
  /** [x, y] from left to right. */
  readonly points: readonly (readonly [number, number])[];
  /** Colour in CSS; by default the colour of the line's index among the series. */
  readonly colour?: string;
}

/** A figure with lines, axes and a key, as HTML. */
export function lineChart(chart: {
  readonly title: string;
  /** Quantity and unit of the vertical axis. */
  readonly unit: string;
  readonly series: readonly Series[];
  /** Formats a value of the vertical axis. */
  readonly format: (value: number) => string;
  /** A position on the horizontal axis that is marked by a dashed line. */
  readonly mark?: { readonly x: number; readonly name: string };
}): string {
  const points = chart.series.flatMap((series) => series.points);
  const ticks = niceTicks(
    Math.min(...points.map(([, y]) => y)),
    Math.max(...points.map(([, y]) => y)),
  );
  const last = Math.max(2, ...points.map(([x]) => x));
  const x = linearScale([1, last], [AREA.left, AREA.right]);
  const y = linearScale([Math.min(...ticks), Math.max(...ticks)], [AREA.bottom, AREA.top]);
  const steps = niceTicks(1, last).filter(
    (tick) => Number.isInteger(tick) && tick >= 1 && tick <= last,
  );
  const { mark } = chart;
  const series = chart.series.map((one, i) => ({ colour: colourOf(i), ...one }));
  return chartFigure(
    chart,
    [
      ...ticks.map((tick) => gridLine(y(tick), chart.format(tick))),
      ...steps.map((tick) => tickLabel(x(tick), String(tick))),
      ...(mark
        ? [
            `<line class="guide" x1="${x(mark.x)}" x2="${x(mark.x)}" y1="${AREA.top}" y2="${AREA.bottom}"><title>${escapeHtml(mark.name)}</title></line>`,
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
