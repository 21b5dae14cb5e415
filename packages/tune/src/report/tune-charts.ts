import {
  COLOURS,
  inBothThemes,
  renderChart,
  renderThemedChart,
  type ChartConfiguration,
  type Theme,
  type ThemedPng,
} from "@mien/plot";
import type { Trial } from "../optuna/optuna-protocol.ts";
import type { Parameter, Space } from "../search-space.ts";

/** A plot of the report. */
export interface Picture {
  /** File name without extension. */
  readonly name: string;
  readonly title: string;
  readonly png: ThemedPng;
}

const [BLUE, ORANGE, GREEN] = COLOURS.series;
const percent = (value: number) => 100 * value;

/** Trials with a value, in the order of their numbers. */
export function valued(trials: readonly Trial[]): (Trial & { value: number })[] {
  return trials.filter(
    (trial): trial is Trial & { value: number } =>
      (trial.state === "complete" || trial.state === "pruned") && trial.value !== null,
  );
}

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

/** Accuracy by epoch of every trial; pruned ones end early. */
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

/** Chart of each parameter's share of the variance between trials. */
export function drawImportance(importance: readonly (readonly [string, number])[]): Picture {
  const title = "Importance (fANOVA)";
  const png = renderThemedChart(
    {
      type: "bar",
      data: {
        labels: importance.map(([name]) => name),
        datasets: [{ data: importance.map(([, share]) => percent(share)), backgroundColor: BLUE }],
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

/**
 * Layout pixels between neighbouring axes of the parallel coordinates. Labels alternate between two
 * rows, so a label may be as wide as two steps.
 */
const AXIS_STEP = 62;

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

const PARALLEL_TITLE = "Parallel coordinates of complete trials";
/** Largest number of characters in a line of a label: at 13 px they fit two steps of the axes. */
const LABEL_CHARACTERS = 14;

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

/** Scale of a parameter's values along an axis. */
interface Axis {
  readonly log: boolean;
  /** Whether all positions are whole numbers. */
  readonly whole: boolean;
  readonly scale: { readonly min: number; readonly max: number };
  /** The labels of both ends, as one text. */
  readonly ends: string;
  /** In the axis' own unit. */
  position(value: unknown): number;
  /** 0 at the lower end, 1 at the upper. */
  share(value: unknown): number;
  /** The label at a position, or an empty text. */
  tick(position: number): string;
}

function axisOf(parameter: Parameter): Axis {
  if (parameter.type === "categorical") {
    const texts = parameter.choices.map((choice) =>
      Array.isArray(choice) ? JSON.stringify(choice) : String(choice),
    );
    const labels = texts.map((text) => text.replace(/^\[|\]$/g, "").replaceAll(",", "·"));
    const position = (value: unknown) => texts.indexOf(String(value));
    return {
      log: false,
      whole: true,
      scale: { min: -0.5, max: texts.length - 0.5 },
      ends: labels.length > 2 ? `${labels[0]} … ${labels.at(-1)}` : labels.join(" | "),
      position,
      share: (value) => (texts.length > 1 ? position(value) / (texts.length - 1) : 0.5),
      tick: (at) => labels[at] ?? "",
    };
  }
  const { low, high, log = false } = parameter;
  const along = (value: number) => (log ? Math.log(value) : value);
  const few = parameter.type === "int" && high - low < 12;
  return {
    log,
    whole: few,
    scale: few ? { min: low - 0.5, max: high + 0.5 } : { min: low, max: high },
    ends: `${short(low)} – ${short(high)}${log ? ", log" : ""}`,
    position: Number,
    share: (value) =>
      high > low ? (along(Number(value)) - along(low)) / (along(high) - along(low)) : 0.5,
    tick: (at) => {
      if (few) return Number.isInteger(at) ? String(at) : "";
      return log && !/^[13]e/.test(at.toExponential()) ? "" : short(at);
    },
  };
}

function short(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return value !== 0 && Math.abs(value) < 0.001 ? rounded.toExponential() : String(rounded);
}

type Rgb = readonly [number, number, number];

/**
 * The weakest and the strongest colour of trials on the background of a theme. The weakest has a
 * contrast of at least 3 to the background, as WCAG 2 requires for graphics.
 */
const SHADES: Record<Theme, Record<"complete" | "pruned", readonly [Rgb, Rgb]>> = {
  light: {
    complete: [
      [96, 150, 200],
      [8, 36, 84],
    ],
    pruned: [
      [206, 128, 36],
      [110, 50, 0],
    ],
  },
  dark: {
    complete: [
      [70, 120, 172],
      [205, 230, 252],
    ],
    pruned: [
      [160, 102, 40],
      [255, 208, 130],
    ],
  },
};

/**
 * From weak at 0 to strong at 1.
 *
 * @internal
 */
export function shade(share: number, kind: "complete" | "pruned", theme: Theme): string {
  const [weak, strong] = SHADES[theme][kind];
  const mix = weak.map((from, i) => Math.round(from + share * ((strong[i] as number) - from)));
  return `rgb(${mix.join(", ")})`;
}
