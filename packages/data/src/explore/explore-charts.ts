import { itemAt, USAGES } from "@mien/format";
import { COLOURS, type ChartConfiguration, type PageChart } from "@mien/plot";
import type { Histogram } from "./brightness.ts";
import type { ExploreReport } from "./dataset-report.ts";
import { number } from "./findings.ts";

/** A chart of the report, which is drawn in the page and as a PNG file. */
export interface ExploreChart extends Required<Omit<PageChart, "below">> {
  /** File name of the PNG. */
  readonly file: string;
  /** The section of the page that shows it. */
  readonly section: "classes" | "light" | "light-by-class" | "votes";
  /** The values as a table; the first column names the rows. */
  readonly table: { readonly head: readonly string[]; readonly rows: readonly string[][] };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** All charts of the report. */
export function exploreCharts(report: ExploreReport): ExploreChart[] {
  const { brightness } = report;
  return [
    counts(report),
    shares(report),
    histogram(brightness.mean, { name: "brightness", axis: "mean of an image's values, 0–255" }),
    histogram(brightness.contrast, {
      name: "contrast",
      axis: "standard deviation of an image's values",
    }),
    histogram(brightness.sharpness, {
      name: "sharpness",
      axis: "deviation of the Laplacian ÷ contrast",
    }),
    byClass(report, "brightness"),
    byClass(report, "contrast"),
    byClass(report, "sharpness"),
    ...votes(report),
  ];
}

/** The splits that have images. */
function splitsOf({ counts: perClass }: ExploreReport) {
  return USAGES.map((name, usage) => ({
    name,
    usage,
    images: perClass.reduce((sum, row) => sum + itemAt(row, usage), 0),
    colour: itemAt(COLOURS.series, usage),
  })).filter(({ images }) => images > 0);
}

function counts(report: ExploreReport): ExploreChart {
  const splits = splitsOf(report);
  const { classes, counts: perClass } = report;
  const title = "Images per class and split";
  return {
    ...{ file: "counts.png", section: "classes", title },
    tips: splits.map(({ usage }) => perClass.map((row) => number(itemAt(row, usage)))),
    table: {
      head: ["class", ...splits.map(({ name }) => name)],
      rows: perClass.map((row, label) => [
        itemAt(classes, label),
        ...splits.map(({ usage }) => number(itemAt(row, usage))),
      ]),
    },
    configuration: bars(title, "images", {
      stacked: true,
      labels: classes,
      series: splits.map(({ name, usage, colour }) => ({
        label: name,
        data: perClass.map((row) => itemAt(row, usage)),
        backgroundColor: colour,
      })),
    }),
  };
}

function shares(report: ExploreReport): ExploreChart {
  const { classes, counts: perClass } = report;
  const splits = splitsOf(report).map((split) => ({
    ...split,
    shares: perClass.map((row) => itemAt(row, split.usage) / split.images),
  }));
  const title = "Share of each class in each split";
  return {
    ...{ file: "shares.png", section: "classes", title },
    tips: splits.map((split) => split.shares.map(percent)),
    table: {
      head: ["class", ...splits.map(({ name }) => name)],
      rows: classes.map((name, label) => [
        name,
        ...splits.map((split) => percent(itemAt(split.shares, label))),
      ]),
    },
    configuration: bars(title, "% of the split", {
      labels: classes,
      series: splits.map(({ name, shares: values, colour }) => ({
        label: name,
        data: values.map((share) => 100 * share),
        backgroundColor: colour,
      })),
    }),
  };
}

function histogram(
  { edges, shares: bySplit }: Histogram,
  { name, axis }: { name: string; axis: string },
): ExploreChart {
  const middles = edges.slice(1).map((edge, i) => (edge + itemAt(edges, i)) / 2);
  const digits = (edges.at(-1) ?? 0) < 10 ? 2 : 0;
  const ranges = middles.map(
    (_, bin) => `${itemAt(edges, bin).toFixed(digits)}–${itemAt(edges, bin + 1).toFixed(digits)}`,
  );
  const parts = USAGES.map((split, usage) => ({ split, usage, shares: bySplit[usage] ?? [] }));
  const shown = parts.filter((part) => part.shares.some((share) => share > 0));
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)} of images`;
  return {
    ...{ file: `${name}.png`, section: "light", title },
    tips: shown.map((part) =>
      part.shares.map((share, bin) => `${percent(share)} of the images at ${itemAt(ranges, bin)}`),
    ),
    table: {
      head: [name, ...shown.map(({ split }) => split)],
      rows: ranges.map((range, bin) => [
        range,
        ...shown.map((part) => percent(itemAt(part.shares, bin))),
      ]),
    },
    configuration: {
      type: "line",
      data: {
        datasets: shown.map(({ split, usage, shares: values }) => ({
          label: split,
          data: values.map((share, bin) => ({ x: itemAt(middles, bin), y: 100 * share })),
          borderColor: itemAt(COLOURS.series, usage),
          backgroundColor: itemAt(COLOURS.series, usage),
          borderWidth: 2,
          pointRadius: 0,
          cubicInterpolationMode: "monotone",
        })),
      },
      options: {
        plugins: { title: { display: true, text: title } },
        scales: {
          x: {
            type: "linear",
            min: 0,
            max: Math.ceil(edges.at(-1) ?? 0),
            title: { display: true, text: axis },
            grid: { display: false },
            ticks: { includeBounds: false },
          },
          y: { beginAtZero: true, title: { display: true, text: "% of the split" } },
        },
      },
    },
  };
}

/** Bars from the first to the third quartile of each class and split. */
function byClass(
  report: ExploreReport,
  measure: "brightness" | "contrast" | "sharpness",
): ExploreChart {
  const { classes } = report;
  const values = report.brightness.byClass[measure];
  const splits = splitsOf(report);
  const digits = measure === "sharpness" ? 2 : 0;
  const text = (label: number, usage: number) => {
    const found = values[label]?.[usage];
    if (!found) return "no images";
    const [low, median, high] = found.map((value) => value.toFixed(digits));
    return `${median} (${low}–${high})`;
  };
  const title = `${measure.charAt(0).toUpperCase()}${measure.slice(1)} by class and split`;
  return {
    ...{ file: `${measure}-by-class.png`, section: "light-by-class", title },
    tips: splits.map(({ usage }) => classes.map((_, label) => `median ${text(label, usage)}`)),
    table: {
      head: ["median (quartiles)", ...splits.map(({ name }) => name)],
      rows: classes.map((name, label) => [name, ...splits.map(({ usage }) => text(label, usage))]),
    },
    configuration: bars(title, measure, {
      beginsAtZero: false,
      labels: classes,
      series: splits.map(({ name, usage, colour }) => ({
        label: name,
        data: classes.map((_, label): [number, number] | null => {
          const found = values[label]?.[usage];
          return found ? [found[0], found[2]] : null;
        }),
        backgroundColor: colour,
      })),
    }),
  };
}

/** How many images of each class the voters confirm. */
function votes({ classes, votes: agreement }: ExploreReport): ExploreChart[] {
  if (agreement === null) return [];
  const { matrix } = agreement;
  const [other, tie] = [classes.length, classes.length + 1];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const parts = [
    { label: "the label", of: (row: readonly number[], label: number) => itemAt(row, label) },
    {
      label: "another class",
      of: (row: readonly number[], label: number) =>
        sum(row.slice(0, classes.length)) - itemAt(row, label),
    },
    { label: "no single answer", of: (row: readonly number[]) => itemAt(row, tie) },
    { label: "contempt, unknown or no face", of: (row: readonly number[]) => itemAt(row, other) },
  ].map(({ label: name, of }) => ({ name, counts: matrix.map((row, label) => of(row, label)) }));
  const totals = matrix.map((row) => Math.max(1, sum(row)));
  const share = (count: number, label: number) => count / itemAt(totals, label);
  const title = "Most votes are for … by class of the label";
  return [
    {
      ...{ file: "votes.png", section: "votes", title },
      tips: parts.map((part) =>
        part.counts.map((count, label) => `${percent(share(count, label))} (${number(count)})`),
      ),
      table: {
        head: ["label", ...parts.map(({ name }) => name)],
        rows: classes.map((name, label) => [
          name,
          ...parts.map((part) => percent(share(itemAt(part.counts, label), label))),
        ]),
      },
      configuration: bars(title, "% of the class", {
        stacked: true,
        labels: classes,
        most: 100,
        series: parts.map((part, place) => ({
          label: part.name,
          data: part.counts.map((count, label) => 100 * share(count, label)),
          backgroundColor: itemAt(VOTE_COLOURS, place),
        })),
      }),
    },
  ];
}

/** Agreement, contradiction, and two greys for what is neither. */
const VOTE_COLOURS = [COLOURS.series[0], COLOURS.series[5], "#a9b0b8", "#70767d"];

/** A bar chart with one group of bars for each label. */
function bars(
  title: string,
  axis: string,
  given: {
    readonly labels: readonly string[];
    readonly series: readonly {
      label: string;
      data: (number | [number, number] | null)[];
      backgroundColor: string;
    }[];
    readonly stacked?: boolean;
    readonly most?: number;
    readonly beginsAtZero?: boolean;
  },
): ChartConfiguration {
  const { labels, series, stacked = false, most, beginsAtZero = true } = given;
  return {
    type: "bar",
    data: { labels: [...labels], datasets: [...series] },
    options: {
      plugins: { title: { display: true, text: title } },
      scales: {
        x: { stacked, grid: { display: false } },
        y: {
          stacked,
          beginAtZero: beginsAtZero,
          title: { display: true, text: axis },
          ...(most === undefined ? {} : { max: most }),
        },
      },
    },
  };
}
