import { COLOURS, renderChart } from "@mien/plot";
import type { BenchmarkRow } from "./measure-model.ts";

/**
 * Milliseconds a face by engine and batch size, as PNG; a shorter bar is faster.
 *
 * @param name of the model, for the title.
 */
export function drawBenchmark(rows: readonly BenchmarkRow[], name: string): Buffer {
  const batches = [...new Set(rows.map((row) => row.batch))];
  const label = ({ name: engine, perFace, factor }: BenchmarkRow) => [
    engine,
    `${formatMs(perFace)} (${factor.toFixed(1)}×)`,
  ];
  return renderChart(
    {
      type: "bar",
      data: {
        labels: rows.map(label),
        datasets: batches.map((batch, i) => ({
          label: batch === 1 ? "1 face a call" : `${batch} faces a call`,
          data: rows.map((row) => (row.batch === batch ? row.perFace : null)),
          backgroundColor: COLOURS.series[i],
          // One bar a line: the other series have nothing there.
          grouped: false,
        })),
      },
      options: {
        indexAxis: "y",
        plugins: { title: { display: true, text: `${name}: median time for one face` } },
        scales: {
          x: {
            type: "logarithmic",
            title: { display: true, text: "milliseconds a face, logarithmic" },
            ticks: { callback: (value) => decadeLabel(Number(value)) },
          },
        },
      },
    },
    { height: 120 + 55 * rows.length },
  );
}

function formatMs(milliseconds: number): string {
  return `${milliseconds.toPrecision(2)} ms`;
}

/** Labels 1, 2 and 5 of each decade; more would run into one another. */
function decadeLabel(value: number): string {
  const digit = Number(value.toExponential().split("e")[0]);
  return [1, 2, 5].includes(digit) ? String(value) : "";
}
