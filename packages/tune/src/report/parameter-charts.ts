import { COLOURS, inBothThemes, renderChart, renderThemedChart, type Theme } from "@mien/plot";
import type { Trial } from "../optuna/optuna-protocol.ts";
import type { Space } from "../search-space.ts";
import { axisOf } from "./parameter-axis.ts";
import type { Picture } from "./picture.ts";
import { shade } from "./trial-colours.ts";
import { valued } from "./valued-trials.ts";

const percent = (value: number) => 100 * value;

/** Chart of each parameter's share of the variance between trials. */
export function drawImportance(importance: readonly (readonly [string, number])[]): Picture {
  const title = "Importance (fANOVA)";
  const png = renderThemedChart(
    {
      type: "bar",
      data: {
        labels: importance.map(([name]) => name),
        datasets: [
          {
            data: importance.map(([, share]) => percent(share)),
            backgroundColor: COLOURS.series[0],
          },
        ],
      },
      options: {
        indexAxis: "y",
        plugins: { title: { display: true, text: title }, legend: { display: false } },
        scales: {
          x: { title: { display: true, text: "share of the variance of complete trials (%)" } },
        },
      },
    },
    { width: 900, height: 110 + 30 * importance.length },
  );
  return { name: "importance", title, png };
}

/**
 * One chart per parameter: accuracy over the parameter's value; later trials have a stronger
 * colour.
 */
export function drawSlices(trials: readonly Trial[], space: Space): Picture[] {
  const shown = valued(trials);
  return Object.entries(space.parameters).map(([name, parameter]) => {
    const axis = axisOf(parameter);
    const title = name;
    const draw = (theme: Theme) =>
      renderChart(
        {
          type: "scatter",
          data: {
            datasets: (["complete", "pruned"] as const).map((state) => {
              const these = shown.filter((trial) => trial.state === state);
              return {
                label: state,
                data: these.map((trial) => ({
                  x: axis.position(trial.params[name]),
                  y: percent(trial.value),
                })),
                pointRadius: 4,
                pointStyle: state === "pruned" ? "rectRot" : "circle",
                backgroundColor: these.map(({ number }) =>
                  shade(trials.length > 1 ? number / (trials.length - 1) : 1, state, theme),
                ),
              };
            }),
          },
          options: {
            plugins: { title: { display: true, text: title }, legend: { display: false } },
            scales: {
              x: {
                type: axis.log ? "logarithmic" : "linear",
                ...axis.scale,
                ticks: {
                  ...(axis.whole ? { stepSize: 0.5, autoSkip: false } : {}),
                  maxRotation: 0,
                  callback: (value) => axis.tick(Number(value)),
                },
                grid: { display: !axis.whole },
              },
              y: { title: { display: true, text: "accuracy (%)" } },
            },
          },
        },
        { width: 424, height: 280, theme },
      );
    const png = inBothThemes(draw);
    return { name: `slice-${name}`, title: `Accuracy over ${name}`, png };
  });
}
