import { COLOURS, renderChart } from "@mien/plot";
import { ALL_SERIES } from "./detection-series.ts";
import type { DetectionPoint } from "./measure-detection.ts";

/**
 * Draws recall and false alarms of each series as PNG, one line a detector.
 *
 * @returns by the name of the series.
 */
export function drawSeries(points: readonly DetectionPoint[]): Map<string, Buffer> {
  return new Map(
    ALL_SERIES.map(({ name, axis, values }) => {
      const detectors = [...new Set(points.map(({ detector }) => detector))];
      const at = (detector: string, value: number) =>
        points.find(
          (one) => one.detector === detector && one.series === name && one.value === value,
        );
      const datasets = detectors.map((detector, i) => ({
        label: detector,
        data: values.map((value) => {
          const point = at(detector, value);
          return point === undefined ? null : (100 * point.found) / point.shown;
        }),
        borderColor: COLOURS.series[i % COLOURS.series.length],
        backgroundColor: COLOURS.series[i % COLOURS.series.length],
        borderDash: i % 2 === 0 ? [] : [6, 4],
      }));
      const chart = renderChart(
        {
          type: "line",
          data: { labels: [...values], datasets },
          options: {
            plugins: { title: { display: true, text: "Faces found, %" } },
            scales: {
              x: { title: { display: true, text: axis } },
              y: { min: 0, max: 100 },
            },
          },
        },
        { width: 560, height: 360 },
      );
      return [name, chart] as const;
    }),
  );
}
