import { inBothThemes, renderChart, type ChartConfiguration, type Theme } from "@mien/plot";
import type { Trial } from "../optuna/optuna-protocol.ts";
import type { Space } from "../search-space.ts";
import { axisOf } from "./parameter-axis.ts";
import type { Picture } from "./picture.ts";
import { shade } from "./trial-colours.ts";
import { valued } from "./valued-trials.ts";

const PARALLEL_TITLE = "Parallel coordinates of complete trials";

/**
 * Layout pixels between neighbouring axes of the parallel coordinates. Labels alternate between two
 * rows, so a label may be as wide as two steps.
 */
const AXIS_STEP = 62;

/** Largest number of characters in a line of a label: at 13 px they fit two steps of the axes. */
const LABEL_CHARACTERS = 14;

const percent = (value: number) => 100 * value;

/**
 * The chart of `drawParallel` for Chart.js, and the width that its labels need.
 *
 * @internal
 */
export function parallelChart(
  trials: readonly Trial[],
  space: Space,
  theme: Theme,
): { readonly configuration: ChartConfiguration<"line">; readonly width: number } {
  const complete = valued(trials).filter(({ state }) => state === "complete");
  const values = complete.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const height = (value: number) => (high > low ? (value - low) / (high - low) : 1);
  const axes = Object.entries(space.parameters).map(([name, parameter]) => ({
    name,
    ...axisOf(parameter),
  }));
  const points = (trial: Trial & { value: number }) => [
    ...axes.map((axis) => axis.share(trial.params[axis.name])),
    height(trial.value),
  ];
  const texts = [
    ...axes.map(({ name, ends }) => [name, ends]),
    ["accuracy", `${percent(low).toFixed(1)} – ${percent(high).toFixed(1)} %`],
  ];
  const broken = texts.map((lines) => lines.flatMap(brokenLabel));
  const rowHeight = Math.max(...broken.filter((_, i) => i % 2 === 0).map(({ length }) => length));
  // Blank lines move every second label below the first row.
  const lower = new Array<string>(rowHeight).fill("");
  const labels = broken.map((lines, i) => (i % 2 === 0 ? lines : [...lower, ...lines]));
  const configuration: ChartConfiguration<"line"> = {
    type: "line",
    data: {
      labels,
      datasets: [...complete]
        .sort((a, b) => a.value - b.value)
        .map((trial) => ({
          data: points(trial),
          borderColor: shade(height(trial.value), "complete", theme),
          borderWidth: trial.value === high ? 3 : 2,
          pointRadius: 0,
          cubicInterpolationMode: "monotone",
        })),
    },
    options: {
      plugins: { title: { display: true, text: PARALLEL_TITLE }, legend: { display: false } },
      scales: {
        x: { ticks: { autoSkip: false, maxRotation: 0 } },
        y: { min: -0.02, max: 1.02, ticks: { display: false }, grid: { display: false } },
      },
    },
  };
  // Half a label extends beyond the first and the last axis.
  return { configuration, width: Math.max(900, AXIS_STEP * labels.length) };
}

/** Breaks a text into lines of at most LABEL_CHARACTERS, if possible at spaces, dots and capitals. */
function brokenLabel(text: string): string[] {
  const lines = [""];
  for (const piece of text.split(/(?<=[ ·|,-])|(?=[A-Z])/)) {
    for (let rest = piece; rest !== "";) {
      const line = lines.at(-1) as string;
      if (line !== "" && (line + rest).trimEnd().length > LABEL_CHARACTERS) lines.push("");
      const room = LABEL_CHARACTERS - (lines.at(-1) as string).length;
      lines[lines.length - 1] += rest.slice(0, room);
      rest = rest.slice(room).trimStart();
    }
  }
  return lines.map((line) => line.trim());
}

/** Chart of all parameters of every complete trial; better trials have stronger lines. */
export function drawParallel(trials: readonly Trial[], space: Space): Picture {
  const png = inBothThemes((theme) => {
    const { configuration, width } = parallelChart(trials, space, theme);
    return renderChart(configuration, { width, height: 540, theme });
  });
  return { name: "parallel", title: PARALLEL_TITLE, png };
}
