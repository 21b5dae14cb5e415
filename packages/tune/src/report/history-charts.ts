import { COLOURS, inBothThemes, renderChart, renderThemedChart, type Theme } from "@mien/plot";
import type { Trial } from "../optuna/optuna-protocol.ts";
import type { Picture } from "./picture.ts";
import { shade } from "./trial-colours.ts";
import { valued } from "./valued-trials.ts";

const [BLUE, ORANGE, GREEN] = COLOURS.series;
const percent = (value: number) => 100 * value;

/** The best value of a complete trial after each trial; undefined before the first. */
function bestSoFar(trials: readonly Trial[]): (number | undefined)[] {
  let best: number | undefined;
  return valued(trials).map(({ state, value }) => {
    if (state === "complete") best = Math.max(best ?? value, value);
    return best;
  });
}

/**
 * Chart of every trial's value, the best so far, and the expected best of a random search.
 *
 * @param random [trials], or null if there are too few trials.
 */
export function drawHistory(trials: readonly Trial[], random: readonly number[] | null): Picture {
  const shown = valued(trials);
  const points = (state: Trial["state"]) =>
    shown.flatMap((trial, i) =>
      trial.state === state ? [{ x: i + 1, y: percent(trial.value) }] : [],
    );
  const line = (values: readonly (number | undefined)[]) =>
    values.flatMap((value, i) => (value === undefined ? [] : [{ x: i + 1, y: percent(value) }]));
  const dots = { showLine: false, pointRadius: 4 } as const;
  const title = "History of the search";
  const png = renderThemedChart(
    {
      type: "scatter",
      data: {
        datasets: [
          {
            label: "best so far",
            data: line(bestSoFar(trials)),
            showLine: true,
            stepped: true,
            pointRadius: 0,
            pointStyle: "line",
            borderWidth: 2.5,
            borderColor: BLUE,
            backgroundColor: BLUE,
          },
          ...(random
            ? [
                {
                  label: "random search, expected",
                  data: line(random.slice(0, shown.length)),
                  showLine: true,
                  pointRadius: 0,
                  pointStyle: "line",
                  borderWidth: 2,
                  borderDash: [6, 4],
                  borderColor: GREEN,
                  backgroundColor: GREEN,
                },
              ]
            : []),
          { label: "complete", data: points("complete"), ...dots, backgroundColor: BLUE },
          {
            label: "pruned, at its last epoch",
            data: points("pruned"),
            ...dots,
            backgroundColor: `${ORANGE}b0`,
            pointStyle: "rectRot",
          },
        ],
      },
      options: {
        plugins: {
          title: { display: true, text: title },
          legend: { labels: { usePointStyle: true } },
        },
        scales: {
          x: { title: { display: true, text: "trials, in their order" }, ticks: { precision: 0 } },
          y: { title: { display: true, text: "accuracy on the selection split (%)" } },
        },
      },
    },
    { width: 900, height: 460 },
  );
  return { name: "history", title, png };
}

/** Chart of the accuracy of every trial by epoch; the lines of pruned trials end early. */
export function drawCurves(trials: readonly Trial[]): Picture {
  const title = "Accuracy by epoch, trial by trial";
  const curve = (theme: Theme, { state, steps }: Trial) => {
    const kind = state === "complete" ? "complete" : "pruned";
    const colour = shade(0.3, kind, theme);
    return {
      label: state === "complete" ? "complete" : "pruned",
      data: steps.map(([epoch, value]) => ({ x: epoch, y: percent(value) })),
      showLine: true,
      borderWidth: 1.5,
      pointRadius: state === "pruned" ? steps.map((_, i) => (i === steps.length - 1 ? 3 : 0)) : 0,
      borderColor: colour,
      backgroundColor: colour,
    };
  };
  const shown = [...valued(trials)].sort((a, b) => (a.state < b.state ? 1 : -1));
  const png = inBothThemes((theme) =>
    renderChart(
      {
        type: "scatter",
        data: { datasets: shown.map((trial) => curve(theme, trial)) },
        options: {
          plugins: {
            title: { display: true, text: title },
            legend: {
              labels: {
                // One legend entry for each kind.
                filter: ({ text, datasetIndex }, { datasets }) =>
                  datasets.findIndex(({ label }) => label === text) === datasetIndex,
              },
            },
          },
          scales: {
            x: { title: { display: true, text: "epoch" }, ticks: { precision: 0 } },
            y: { title: { display: true, text: "accuracy on the selection split (%)" } },
          },
        },
      },
      { width: 900, height: 420, theme },
    ),
  );
  return { name: "curves", title, png };
}
