import { itemAt, imageAt, random, shuffle, USAGES, type ImageSet } from "@mien/format";
import {
  COLOURS,
  drawImageGrid,
  inBothThemes,
  renderThemedChart,
  type ThemedPng,
} from "@mien/plot";
import type { Histogram } from "./brightness.ts";
import type { ExploreReport } from "./dataset-report.ts";

/** A plot of the report. */
export interface Picture {
  /** File name. */
  readonly file: string;
  /** What it shows, for the page. */
  readonly title: string;
  readonly png: ThemedPng;
  /** The section of the page that shows it. */
  readonly section: "classes" | "light" | "means" | "images";
}

/** Largest number of images in the grid of a class: ROWS × COLUMNS. */
const ROWS = 4;
const COLUMNS = 10;

/**
 * Draws all plots, one after another.
 *
 * @param seed selects the images that the grids show.
 */
export function* drawPictures(
  set: ImageSet,
  report: ExploreReport,
  seed: number,
): Generator<Picture> {
  yield drawCounts(report);
  yield drawShares(report);
  yield drawHistogram(report.brightness.mean, {
    file: "brightness.png",
    title: "Brightness of images",
    axis: "mean of an image's values, 0–255",
  });
  yield drawHistogram(report.brightness.contrast, {
    file: "contrast.png",
    title: "Contrast of images",
    axis: "standard deviation of an image's values",
  });
  yield drawMeans(set);
  for (let label = 0; label < set.classes.length; label++) {
    const picture = drawClass(set, label, seed);
    if (picture !== undefined) yield picture;
  }
}

function drawCounts({ classes, counts }: ExploreReport): Picture {
  const title = "Images per class and split";
  const png = renderThemedChart({
    type: "bar",
    data: {
      labels: [...classes],
      datasets: USAGES.map((part, usage) => ({
        label: part,
        data: counts.map((row) => itemAt(row, usage)),
        backgroundColor: itemAt(COLOURS.series, usage),
      })),
    },
    options: {
      plugins: { title: { display: true, text: title } },
      scales: {
        x: { stacked: true, grid: { display: false } },
        y: { stacked: true, title: { display: true, text: "images" } },
      },
    },
  });
  return { file: "counts.png", title, png, section: "classes" };
}

function drawShares({ classes, counts }: ExploreReport): Picture {
  const title = "Share of each class in each split";
  const png = renderThemedChart({
    type: "bar",
    data: {
      labels: [...classes],
      datasets: USAGES.map((part, usage) => {
        const total = counts.reduce((sum, row) => sum + itemAt(row, usage), 0);
        return {
          label: part,
          data: counts.map((row) => (100 * itemAt(row, usage)) / Math.max(1, total)),
          backgroundColor: itemAt(COLOURS.series, usage),
        };
      }),
    },
    options: {
      plugins: { title: { display: true, text: title } },
      scales: {
        x: { grid: { display: false } },
        y: { title: { display: true, text: "% of the split" } },
      },
    },
  });
  return { file: "shares.png", title, png, section: "classes" };
}

function drawHistogram(
  { edges, shares }: Histogram,
  { file, title, axis }: { file: string; title: string; axis: string },
): Picture {
  const middles = edges.slice(1).map((edge, i) => (edge + itemAt(edges, i)) / 2);
  const parts = USAGES.map((part, usage) => ({ part, usage, shares: shares[usage] ?? [] }));
  const png = renderThemedChart(
    {
      type: "line",
      data: {
        datasets: parts
          .filter((part) => part.shares.some((share) => share > 0))
          .map(({ part, usage, shares: values }) => ({
            label: part,
            data: values.map((share, bin) => ({ x: itemAt(middles, bin), y: 100 * share })),
            borderColor: itemAt(COLOURS.series, usage),
            backgroundColor: itemAt(COLOURS.series, usage),
            borderWidth: 2,
            pointRadius: 0,
            cubicInterpolationMode: "monotone" as const,
          })),
      },
      options: {
        plugins: { title: { display: true, text: title } },
        scales: {
          x: {
            type: "linear",
            min: 0,
            max: Math.ceil(edges.at(-1) as number),
            title: { display: true, text: axis },
            grid: { display: false },
            ticks: { includeBounds: false },
          },
          y: { beginAtZero: true, title: { display: true, text: "% of the split" } },
        },
      },
    },
    { width: 424, height: 300 },
  );
  return { file, title, png, section: "light" };
}

function drawMeans(set: ImageSet): Picture {
  const { height, width, channels } = set;
  const images = set.classes.map((name, label) => {
    const members = trainingImages(set, label);
    const sums = new Float64Array(height * width * channels);
    for (const i of members) {
      const pixels = imageAt(set, i);
      for (let k = 0; k < sums.length; k++) sums[k] = (sums[k] as number) + itemAt(pixels, k);
    }
    const pixels = Uint8Array.from(sums, (sum) => Math.round(sum / Math.max(1, members.length)));
    return { pixels, height, width, channels, caption: name };
  });
  const title = "Mean image of each class, Training split";
  const png = inBothThemes((theme) =>
    drawImageGrid({ rows: [{ label: "", images }], title, scale: scaleFor(width, 2), theme }),
  );
  return { file: "mean-images.png", title, png, section: "means" };
}

function drawClass(set: ImageSet, label: number, seed: number): Picture | undefined {
  const name = itemAt(set.classes, label);
  const members = shuffle(trainingImages(set, label), random(seed, "explore", label));
  const chosen = members.slice(0, ROWS * COLUMNS);
  if (chosen.length === 0) return undefined;
  const { height, width, channels } = set;
  const images = chosen.map((i) => ({ pixels: imageAt(set, i), height, width, channels }));
  const rows = Array.from({ length: Math.ceil(images.length / COLUMNS) }, (_, row) => ({
    label: "",
    images: images.slice(row * COLUMNS, (row + 1) * COLUMNS),
  }));
  const title = `${name}: ${chosen.length} of ${members.length} Training images`;
  const file = `images-${label}-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.png`;
  return {
    file,
    title,
    png: inBothThemes((theme) =>
      drawImageGrid({ rows, title, scale: scaleFor(width, 1.5), theme }),
    ),
    section: "images",
  };
}

function trainingImages(set: ImageSet, label: number): number[] {
  return [...set.labels.keys()].filter((i) => set.labels[i] === label && set.usage[i] === 0);
}

/** The scale at which an image of this width is drawn as wide as an image of 48 pixels at `scale`. */
function scaleFor(width: number, scale: number): number {
  return (scale * 48) / width;
}
