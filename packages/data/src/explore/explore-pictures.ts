import { imageAt, itemAt, random, shuffle, type ImageSet } from "@mien/format";
import { drawHeatmap, drawImageGrid, renderChart } from "@mien/plot";
import type { ExploreReport } from "./dataset-report.ts";
import type { ExploreChart } from "./explore-charts.ts";

/** A plot of the report as a file beside the page. */
interface Picture {
  /** File name. */
  readonly file: string;
  readonly png: Buffer;
}

/** Largest number of images in the grid of a class: ROWS × COLUMNS. */
const ROWS = 4;
const COLUMNS = 10;

/** What `drawPictures` draws. */
interface Drawn {
  readonly charts: readonly ExploreChart[];
  /** From `chooseSamples`. */
  readonly samples: readonly (readonly number[])[];
}

/** The number of plots that `drawPictures` draws. */
export function pictureCount({ votes }: ExploreReport, { charts, samples }: Drawn): number {
  const grids = samples.filter((sample) => sample.length > 0).length;
  return charts.length + (votes === null ? 0 : 1) + 1 + grids;
}

/** Draws all plots in the light theme, one after another. */
export function* drawPictures(
  set: ImageSet,
  report: ExploreReport,
  { charts, samples }: Drawn,
): Generator<Picture> {
  for (const { file, configuration, section } of charts) {
    const size = section === "light" ? { width: 424, height: 300 } : {};
    yield { file, png: renderChart(configuration, size) };
  }
  if (report.votes !== null) yield drawAgreement(report.classes, report.votes);
  yield drawMeans(set);
  for (const [label, sample] of samples.entries()) {
    if (sample.length > 0) yield drawClass(set, label, sample);
  }
}

/**
 * Draws images of each class at random from the Training split.
 *
 * @returns [class], at most 40 positions each.
 */
export function chooseSamples(set: ImageSet, seed: number): number[][] {
  return set.classes.map((_, label) =>
    shuffle(trainingImages(set, label), random(seed, "explore", label)).slice(0, ROWS * COLUMNS),
  );
}

/** The mean of the Training images of each class, [class] of [height, width, channels]; black for none. */
export function meanImages(set: ImageSet): Uint8Array[] {
  return set.classes.map((_, label) => {
    const members = trainingImages(set, label);
    const sums = new Float64Array(set.height * set.width * set.channels);
    for (const i of members) {
      const pixels = imageAt(set, i);
      for (let k = 0; k < sums.length; k++) sums[k] = (sums[k] ?? 0) + (pixels[k] ?? 0);
    }
    return Uint8Array.from(sums, (sum) => Math.round(sum / Math.max(1, members.length)));
  });
}

function drawAgreement(
  classes: readonly string[],
  { matrix, columns }: NonNullable<ExploreReport["votes"]>,
): Picture {
  const png = drawHeatmap({
    values: matrix.map((row) => {
      const total = row.reduce((sum, n) => sum + n, 0);
      return row.map((count) => count / total);
    }),
    rows: classes,
    columns,
    title: "Labels and votes",
    rowTitle: "label",
    columnTitle: "answer with the most votes",
  });
  return { file: "agreement.png", png };
}

function drawMeans(set: ImageSet): Picture {
  const { height, width, channels, classes } = set;
  const images = meanImages(set).map((pixels, label) => {
    return { pixels, height, width, channels, caption: itemAt(classes, label) };
  });
  const title = "Mean image of each class, Training split";
  const png = drawImageGrid({ rows: [{ label: "", images }], title, scale: scaleFor(width, 2) });
  return { file: "mean-images.png", png };
}

function drawClass(set: ImageSet, label: number, sample: readonly number[]): Picture {
  const name = itemAt(set.classes, label);
  const { height, width, channels } = set;
  const images = sample.map((i) => ({ pixels: imageAt(set, i), height, width, channels }));
  const rows = Array.from({ length: Math.ceil(images.length / COLUMNS) }, (_, row) => ({
    label: "",
    images: images.slice(row * COLUMNS, (row + 1) * COLUMNS),
  }));
  const all = trainingImages(set, label).length;
  const title = `${name}: ${sample.length} of ${all} Training images`;
  const file = `images-${label}-${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.png`;
  return { file, png: drawImageGrid({ rows, title, scale: scaleFor(width, 1.5) }) };
}

function trainingImages(set: ImageSet, label: number): number[] {
  return [...set.labels.keys()].filter((i) => set.labels[i] === label && set.usage[i] === 0);
}

/** The scale at which an image of this width is drawn as wide as an image of 48 pixels at `scale`. */
function scaleFor(width: number, scale: number): number {
  return (scale * 48) / width;
}
