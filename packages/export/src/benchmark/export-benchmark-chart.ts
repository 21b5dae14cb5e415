import { COLOURS, renderChart } from "@mien/plot";
import type { BenchmarkRow } from "./export-benchmark.ts";

/**
 * Milliseconds a face by engine, one bar for each batch size, the slowest engine first, as PNG; a
 * shorter bar is faster.
 *
 * @param name of the model, for the title.
 */
export function drawBenchmark(rows: readonly BenchmarkRow[], name: string): Buffer {
  const batches = [...new Set(rows.map((row) => row.batch))];
  const singles = rows
    .filter((row) => row.batch === batches[0])
    .toSorted((a, b) => b.perFace - a.perFace);
  const perFace = (engine: string, batch: number) =>
    rows.find((row) => row.name === engine && row.batch === batch)?.perFace ?? null;
  return renderChart(
    {
      type: "bar",
      data: {
        labels: singles.map((row) => `${row.name}  ${formatMs(row.perFace)}`),
        datasets: batches.map((batch, i) => ({
          label: batch === 1 ? "1 face a call" : `${batch} faces a call`,
          data: singles.map((row) => perFace(row.name, batch)),
          backgroundColor: COLOURS.series[i],
          categoryPercentage: 0.75,
          barPercentage: 0.9,
        })),
      },
      options: {
        indexAxis: "y",
        plugins: {
          title: { display: true, text: `${name}: median time for one face` },
          subtitle: { display: true, align: "start", text: "beside each engine: one face a call" },
        },
        scales: {
          x: {
            type: "logarithmic",
            title: { display: true, text: "milliseconds a face, logarithmic" },
            ticks: { callback: (value) => decadeLabel(Number(value)), maxRotation: 0 },
          },
          y: { grid: { display: false } },
        },
      },
    },
    { width: 900, height: 150 + 42 * singles.length },
  );
}

function formatMs(milliseconds: number): string {
  const digits = milliseconds < 1 ? 2 : milliseconds < 10 ? 1 : 0;
  return `${milliseconds.toFixed(digits)} ms`;
}

/** Labels 1, 2 and 5 of each decade; more would run into one another. */
function decadeLabel(value: number): string {
  const digit = Number(value.toExponential().split("e")[0]);
  return [1, 2, 5].includes(digit) ? String(value) : "";
}
