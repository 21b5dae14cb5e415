import { counted } from "@mien/cli";
import type { CalibrationBin } from "../score/calibration-error.ts";
import { AREA, chartFigure, round, shareAxes } from "./svg-chart.ts";

/**
 * A reliability diagram as HTML: accuracy over confidence, before and after calibration. The bars
 * show the share of images in each bin after calibration.
 */
export function reliabilityDiagram(chart: {
  readonly title: string;
  readonly before: readonly CalibrationBin[];
  readonly after: readonly CalibrationBin[];
}): string {
  const { x, y, shapes } = shareAxes();
  const images = chart.after.reduce((sum, bin) => sum + bin.images, 0);
  const curve = (bins: readonly CalibrationBin[], colour: string) => {
    const points = bins
      .filter((bin) => bin.images > 0)
      .map((bin) => ({ ...bin, cx: round(x(bin.confidence)), cy: round(y(bin.accuracy)) }));
    const dots = points.map(({ images, confidence, accuracy, cx, cy }) => {
      const text = `${counted(images, "image")}: confidence ${Math.round(100 * confidence)} %, accuracy ${Math.round(100 * accuracy)} %`;
      return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"><title>${text}</title></circle>`;
    });
    const path = points.map(({ cx, cy }) => `${cx},${cy}`).join(" ");
    return `<polyline class="curve" style="stroke: ${colour}" points="${path}"/>${dots.join("")}`;
  };
  const bars = chart.after.map((bin, i) => {
    const [left, right] = [x(i / chart.after.length) + 1, x((i + 1) / chart.after.length) - 1];
    const top = y(bin.images / images);
    return `<rect x="${round(left)}" y="${round(top)}" width="${round(right - left)}" height="${round(AREA.bottom - top)}" fill="var(--line)"/>`;
  });
  return chartFigure(
    { title: chart.title, unit: "accuracy over confidence" },
    [
      ...bars,
      ...shapes,
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
