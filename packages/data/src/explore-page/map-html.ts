import { counted } from "@mien/cli";
import { itemAt, USAGES, type ImageSet } from "@mien/format";
import { COLOURS, escapeHtml, htmlTable, type ChartConfiguration } from "@mien/plot";
import { describeP } from "../explore/describe-p.ts";
import { number } from "../explore/findings.ts";
import type { FindingKind } from "../explore/galleries.ts";
import type { EmbeddedImages, Embedding } from "../map/embedding.ts";
import { MAP_SCRIPT } from "./map-script.ts";
import type { MapSample } from "../explore/map-sample.ts";

/** Where the page has the picture of an image. */
export interface PicturePlace {
  /** Number of the sheet. */
  readonly sheet: number;
  /** Column and row on it. */
  readonly x: number;
  readonly y: number;
}

/** What the map shows. */
interface MapContent {
  readonly embedded: EmbeddedImages;
  readonly sample: MapSample;
  /** The titles of the kinds of findings. */
  readonly titles: ReadonlyMap<FindingKind, string>;
  readonly pictureAt: (position: number) => PicturePlace;
  /** File name of the CSV with the place of every image, relative to the page. */
  readonly csv: string;
}

/** The section of the page with the map and the distances of the splits, and the map's script. */
export function renderMap(
  set: ImageSet,
  content: MapContent,
): { readonly html: string; readonly script: string } {
  const { embedded, sample, titles, pictureAt } = content;
  const { positions, places, embedding } = embedded;
  const { images, explained } = embedding;
  const shown = sample.shown.map((place) => itemAt(positions, place));
  const round = (value: number) => Number(value.toPrecision(4));
  const pictures = shown.map(pictureAt);
  const data = {
    x: sample.shown.map((place) => round(itemAt(places, 2 * place))),
    y: sample.shown.map((place) => round(itemAt(places, 2 * place + 1))),
    row: shown.map((position) => itemAt(set.row, position)),
    sheet: pictures.map(({ sheet }) => sheet),
    column: pictures.map(({ x }) => x),
    line: pictures.map(({ y }) => y),
    groups: {
      class: { names: set.classes, of: shown.map((position) => itemAt(set.labels, position)) },
      split: { names: USAGES, of: shown.map((position) => itemAt(set.usage, position)) },
      finding: {
        names: sample.kinds.map((kind) => titles.get(kind) ?? kind),
        of: sample.kindOf,
      },
    },
    colours: COLOURS.series,
  };
  const part =
    shown.length < images
      ? `It shows ${counted(shown.length, "image")} of ${number(images)}: the images with the rarest findings, and others drawn at random. `
      : "";
  const html = `<p>${describeSpace(embedding)} Images that are near each other are similar. The axes are the first two principal components, which have ${shares(explained.slice(0, 2))} of the variance. ${part}<a href="${content.csv}">${content.csv}</a> has the place of every image.</p>
<figure class="map card"><div class="map-head"><label>Colour by <select><option value="class">class</option><option value="split">split</option><option value="finding">finding</option></select></label><span class="map-keys">Point at an image, or select the map and press ← or →.</span></div>
<div class="canvas" tabindex="0" role="group" aria-label="Map of the images. The arrow keys move from image to image."><canvas aria-hidden="true"></canvas><div class="map-card" hidden><span class="picture"></span><output aria-live="polite"></output></div></div>
<script type="application/json">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script></figure>
${driftTable(embedding)}
${medians(set, embedded)}`;
  return { html, script: `<script>${MAP_SCRIPT}</script>` };
}

/** `Each image is a vector of …` */
function describeSpace({ from, width, path }: Embedding): string {
  return from === "pixels"
    ? "Each image is a vector of the pixels of its thumbnail (24 × 24 cells). <code>--features</code> takes what a model computed instead."
    : `Each image is a vector of ${width} features that a model computed (<code>${escapeHtml(path ?? "")}</code>).`;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const shares = (explained: readonly number[]) => explained.map(percent).join(" and ");

function driftTable({ drift, explained }: Embedding): string {
  if (drift.length === 0) return "";
  const rows = drift.map(({ parts, images, coefficient, p, adjustedP }) => [
    parts.join(" and "),
    images.join(" and "),
    coefficient.toFixed(5),
    describeP(p).replace("p = ", ""),
    describeP(adjustedP).replace("p = ", ""),
  ]);
  return `<h3>Are the splits in the same places?</h3>
<p>The energy test (Székely and Rizzo 2013) compares two splits in the space of the first ${explained.length} components. The coefficient is 0 if both have one distribution, and at most 1. p is the share of random divisions of the same images that are at least as far apart; it is adjusted by Holm's method for several pairs. Copies of one image in two splits bring the splits nearer to each other.</p>
${htmlTable(["splits", "images compared", "coefficient", "p", "adjusted p"], rows)}`;
}

/** The middle of each class, for readers who cannot see the map. */
function medians(set: ImageSet, { positions, places }: EmbeddedImages): string {
  const middle = (values: number[]) => {
    const sorted = values.sort((a, b) => a - b);
    return sorted.length === 0 ? "–" : (sorted[Math.floor(sorted.length / 2)] ?? 0).toPrecision(3);
  };
  const rows = set.classes.flatMap((name, label) =>
    USAGES.flatMap((split, usage) => {
      const own = [...positions.keys()].filter((i) => {
        const position = itemAt(positions, i);
        return set.labels[position] === label && set.usage[position] === usage;
      });
      if (own.length === 0) return [];
      const along = (axis: 0 | 1) => middle(own.map((i) => itemAt(places, 2 * i + axis)));
      return [[escapeHtml(name), split, number(own.length), along(0), along(1)]];
    }),
  );
  const table = htmlTable(["class", "split", "images", "median of the 1st", "of the 2nd"], rows);
  return `<details class="map-values"><summary>Values of the map</summary>${table.replace('class="scroll', 'tabindex="0" role="region" aria-label="Values of the map" class="scroll')}</details>`;
}

/** The map as a chart, coloured by class, for a PNG file. */
export function mapChart(
  set: ImageSet,
  { positions, places }: EmbeddedImages,
  { shown }: MapSample,
): ChartConfiguration {
  return {
    type: "scatter",
    data: {
      datasets: set.classes.map((label, index) => ({
        label,
        data: shown
          .filter((place) => set.labels[itemAt(positions, place)] === index)
          .map((place) => ({ x: itemAt(places, 2 * place), y: itemAt(places, 2 * place + 1) })),
        backgroundColor: itemAt(COLOURS.series, index % COLOURS.series.length),
        pointRadius: 2.5,
        borderWidth: 0,
      })),
    },
    options: {
      plugins: { title: { display: true, text: `Map of ${counted(shown.length, "image")}` } },
      scales: {
        x: { title: { display: true, text: "1st principal component" } },
        y: { title: { display: true, text: "2nd principal component" } },
      },
    },
  };
}

/** CSS of the map. */
export const MAP_STYLE = `
figure.map { margin: .75rem 0; padding: .9rem 1rem 1rem; }
.map-head { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; align-items: baseline; margin-bottom: .6rem; }
.map-head select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--quiet); border-radius: 6px; padding: .15rem .4rem; }
.map-keys { color: var(--quiet); font-size: .85rem; }
.map .canvas { position: relative; height: min(40rem, 75vh); min-height: 22rem; }
.map .canvas:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.map-card { position: absolute; left: 0; top: 0; display: flex; flex-direction: column; gap: .3rem; padding: .5rem; background: var(--card); border: 1px solid var(--quiet); border-radius: 8px; font-size: .8rem; line-height: 1.35; pointer-events: none; box-shadow: 0 2px 10px rgb(0 0 0 / .25); --picture: 6rem; }
.map-card[hidden] { display: none; }
.map-card output { white-space: pre-line; max-width: 10rem; }
.map-values .scroll { margin-top: .5rem; max-height: 24rem; overflow: auto; }
@media print { .map-head, .map-card { display: none; } .map .canvas { height: 26rem; outline: none; } .map canvas { max-width: 100%; } }
`;
