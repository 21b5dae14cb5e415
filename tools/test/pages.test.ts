import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createCanvas } from "@napi-rs/canvas";
import { Chart } from "chart.js/auto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "@mien/format";
import { synthesize } from "../../packages/data/src/index.ts";
import { findingsOf } from "../../packages/data/src/explore/findings.ts";
import { embedImages } from "../../packages/data/src/map/embedding.ts";
import { renderMap } from "../../packages/data/src/explore-page/map-html.ts";
import { chooseMapSample } from "../../packages/data/src/explore/map-sample.ts";
import { groupPictures } from "../../packages/data/src/near/pictures.ts";
import { renderPage as explorePage } from "../../packages/data/src/explore-page/explore-page.ts";
import { findChromium, launchChromium } from "@mien/bench";
import { exploreCharts } from "../../packages/data/src/explore/explore-charts.ts";
import { chooseSamples, meanImages } from "../../packages/data/src/explore/explore-pictures.ts";
import { foundImages } from "../../packages/data/src/explore/galleries.ts";
import { renderGalleries } from "../../packages/data/src/explore-page/gallery-html.ts";
import {
  exploreDataset,
  type ExploreReport,
} from "../../packages/data/src/explore/dataset-report.ts";
import { sessionReport } from "../../packages/app/src/live/session-report.ts";
import { SessionTimeline } from "../../packages/app/src/live/session-timeline.ts";
import { PAGE } from "../../packages/export/src/web/web-page.ts";
import { compareRuns } from "../../packages/train/src/score/compare-runs.ts";
import { renderComparison } from "../../packages/train/src/report/comparison-page.ts";
import { page } from "../../packages/train/src/report/page-frame.ts";
import {
  misclassifiedGallery,
  mostConfidentErrors,
} from "../../packages/train/src/report/misclassified-images.ts";
import { rankingSection } from "../../packages/train/src/report/ranking-charts.ts";
import { writeReport } from "../../packages/train/src/report/run-page.ts";
import { confusionTable } from "../../packages/train/src/report/confusion-matrix.ts";
import { writeFinishedRun } from "../../packages/train/src/testing/finished-run.ts";
import { FONT, PIXEL_RATIO, registerFonts, THEMES } from "../../packages/plot/src/theme.ts";
import type { Trial } from "../../packages/tune/src/optuna/optuna-protocol.ts";
import { drawCurves, drawHistory } from "../../packages/tune/src/report/history-charts.ts";
import { drawParallel, parallelChart } from "../../packages/tune/src/report/parallel-chart.ts";
import { drawImportance, drawSlices } from "../../packages/tune/src/report/parameter-charts.ts";
import { shade } from "../../packages/tune/src/report/trial-colours.ts";
import { renderPage as studyPage } from "../../packages/tune/src/report/tune-page.ts";
import { loadSpace, type Space } from "../../packages/tune/src/search-space.ts";
import { toySettings } from "../../packages/tune/src/testing/studies.ts";

type Browser = Awaited<ReturnType<typeof launchChromium>>;

const set = synthesize({ count: 210, seed: 3 });
const WIDTHS = [390, 1280] as const;
let folder: string;
let browser: Browser;
const pages = new Map<string, string>();

/** The report of a data set. */
function exploreHtml(changes: Partial<ExploreReport> = {}): string {
  const identity = {
    manifest: { name: "synth", licence: "none", source: "made by mien" },
    path: "/a/long/path/of/folders/that/hold/the/data/set/synth.csv",
    sha256: "0".repeat(64),
  };
  const embedded = embedImages(set, { seed: 1 });
  const report = {
    ...exploreDataset(set, identity as never, {
      embedding: embedded.embedding,
      pictures: groupPictures(set, []),
      skippedRows: [],
    }),
    ...changes,
  };
  const found = foundImages(set, report);
  const sample = chooseMapSample(set, embedded, { found, seed: 1 });
  const galleries = renderGalleries(set, {
    found,
    votes: undefined,
    samples: chooseSamples(set, 1),
    means: meanImages(set),
    alsoStored: sample.shown.map((place) => embedded.positions[place] ?? 0),
    csv: "findings.csv",
  });
  const charts = exploreCharts(report);
  const map = renderMap(set, { ...galleries, embedded, sample, csv: "map.csv" });
  const content = { findings: findingsOf(report), charts, galleries, map, csv: "findings.csv" };
  return explorePage(report, content);
}

/** A parameter on a logarithmic axis and one with choices. */
const twoOf = ({ parameters }: Space) => Object.entries(parameters).slice(0, 2);

/** A study over the space with the most parameters: two complete trials, a pruned and a lost one. */
async function studyHtml(): Promise<string> {
  const space = await loadSpace("default");
  const params = (share: number) =>
    Object.fromEntries(
      Object.entries(space.parameters).map(([name, parameter]) => {
        if (parameter.type !== "categorical") {
          const value = parameter.low + share * (parameter.high - parameter.low);
          return [name, parameter.type === "int" ? Math.round(value) : value];
        }
        const choice = parameter.choices[0];
        return [name, Array.isArray(choice) ? JSON.stringify(choice) : choice];
      }),
    ) as Trial["params"];
  const states = ["complete", "pruned", "complete", "interrupted"] as const;
  const trials = states.map((state, number): Trial => {
    const value = state === "interrupted" ? null : 0.3 + 0.1 * number;
    const steps: [number, number][] = value === null ? [] : [[1, value / 2], [2, value]]; // prettier-ignore
    const rest = { seconds: 60, failure: null, retryOf: null };
    return { number, state, value, params: params(number / 3), steps, ...rest };
  });
  const importance = Object.keys(space.parameters).map((name) => [name, 0.1] as const);
  const pictures = [
    drawHistory(trials, null),
    drawCurves(trials),
    drawImportance(importance),
    drawParallel(trials, space),
    ...drawSlices(trials, { ...space, parameters: Object.fromEntries(twoOf(space)) }),
  ];
  const settings = toySettings({ space, epochs: 3, pruner: "median" });
  const best = trials[2] as Trial;
  return studyPage(
    { study: "s", settings, trials, best, importance, comparison: null, randomSearch: false },
    pictures,
  );
}

/** The curves of seven classes, one of them without images, and errors with occlusion maps. */
function errorsHtml(): string {
  const { classes, row } = set;
  const stream = random("errors");
  const labels = set.labels.map((label) => Math.min(5, label));
  const probabilities = Float32Array.from({ length: 7 * labels.length }, () => stream.uniform());
  const given = { labels, row, copied: labels.map(() => 0), votes: Int32Array.from(labels) };
  const predictions = { split: "validation", classes, probabilities, ...given } as const;
  const occlusion = Float32Array.from({ length: 48 * 48 }, (_, i) => Math.sin(i / 200) / 3);
  const errors = mostConfidentErrors(set, predictions, 6).map((one) => ({ ...one, occlusion }));
  return page("", rankingSection([predictions]) + misclassifiedGallery(set, predictions, errors));
}

function sessionHtml(endMs = 5000): string {
  const labels = [...set.classes];
  const timeline = new SessionTimeline(labels);
  for (let timeMs = 0; timeMs < endMs; timeMs += 100) {
    const probabilities = labels.map(() => 1 / labels.length);
    const face = { track: 1, person: null, probabilities, confirmed: labels[0] };
    timeline.add({ faces: [face] } as never, timeMs);
  }
  const header = { labels, model: "a-model-with-a-long-name.onnx" };
  return sessionReport(timeline, header, { title: "Session", source: "webcam 0", times: "clock" });
}

beforeAll(async () => {
  const opening = findChromium() === undefined ? undefined : launchChromium();
  folder = await mkdtemp(path.join(tmpdir(), "mien-pages-"));
  const run = async (name: string, right: number) => {
    const epochs = [[0.4, 1.2], [0.5, 1]] as const; // prettier-ignore
    return writeFinishedRun(path.join(folder, name), { right, rightByVotes: right, epochs });
  };
  const runs = [await run("a-run-with-a-long-name", 36), await run("another-run-with-a-name", 8)];
  const pixel = { height: 1, width: 1, channels: 1, classes: ["Happy", "<Sad>"] };
  const row = Uint32Array.from({ length: 40 }, (_, i) => i);
  const images = { pixels: new Uint8Array(40), labels: new Uint8Array(40), row };
  const report = await writeReport(runs[1] as string, {
    ...{ ...pixel, ...images },
    usage: new Uint8Array(40).fill(1),
  });
  const matrix = set.classes.map((_, i) => set.classes.map((_, k) => (i === k ? 1234 : 56)));
  pages.set("data:explore", exploreHtml());
  pages.set("tune:report", await studyHtml());
  pages.set("train:fit", await readFile(report, "utf8"));
  pages.set("train:compare", renderComparison(await compareRuns(runs)));
  pages.set("confusion of seven classes", page("", confusionTable(matrix, set.classes)));
  pages.set("curves and errors of seven classes", errorsHtml());
  pages.set("app:live session", sessionHtml());
  pages.set("export:onnx --web", PAGE);
  if (opening) browser = await opening;
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A program that runs in the page and returns the page's faults. */
const FIND_FAULTS = `(async () => {
  const faults = [];
  const right = document.documentElement.clientWidth;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgbOf = (colour) => {
    if (!known.has(colour)) {
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
      known.set(colour, [...pixel.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(colour);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // The background of a page that does not set one: Chromium's in dark mode, else white.
  const groundOf = (element) => {
    for (let e = element; e !== null; e = e.parentElement) {
      const rgb = rgbOf(getComputedStyle(e).backgroundColor);
      if (rgb[3] === 255) return rgb;
    }
    return dark ? [18, 18, 18] : [255, 255, 255];
  };
  if (document.documentElement.scrollWidth > right) faults.push("the page scrolls sideways");
  for (const element of document.querySelectorAll("body *:not(script)")) {
    const name = element.outerHTML.slice(0, 80);
    const box = element.getBoundingClientRect();
    if (box.width === 0) continue;
    const drawn = element.closest("svg") !== null && element.tagName !== "svg";
    if (!drawn && !element.closest("figure.plot") && box.right > right + 0.5) faults.push("cut: " + name);
    const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
    if (!hasText || getComputedStyle(element).clip !== "auto") continue;
    const style = getComputedStyle(element);
    const scale = drawn ? element.getScreenCTM().a : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (size < 10.95) faults.push("text of " + size.toFixed(1) + " px: " + name);
    const [a, b] = [rgbOf(drawn ? style.fill : style.color), groundOf(element)].map(luminance).sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faults.push("contrast " + contrast.toFixed(1) + ": " + name);
  }
  for (const image of document.querySelectorAll("figure.plot img")) {
    await image.decode();
    pixel.drawImage(image, 0, 0, 1, 1, 0, 0, 1, 1);
    const white = pixel.getImageData(0, 0, 1, 1).data[0] > 200;
    if (white === dark) faults.push("not of the theme: " + image.alt);
    // The text of plots is 13 px in layout pixels, of which a PNG has two device pixels each.
    const size = (13 * image.clientWidth) / (image.naturalWidth / ${PIXEL_RATIO});
    if (size < 10.95) faults.push("text of " + size.toFixed(1) + " px: " + image.alt);
  }
  return faults;
})()`;

/** The faults of every page at every width in one theme; each page is loaded once. */
async function faultsIn(colorScheme: "light" | "dark") {
  const context = await browser.newContext({ colorScheme });
  const faults: string[] = [];
  try {
    const shown = await context.newPage();
    for (const [name, html] of pages) {
      await shown.setViewportSize({ width: WIDTHS[0], height: 900 });
      await shown.setContent(html);
      for (const width of WIDTHS) {
        await shown.setViewportSize({ width, height: 900 });
        const shots = process.env["MIEN_SCREENSHOTS"];
        if (shots !== undefined) {
          const file = `${name.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`;
          await shown.screenshot({ path: path.join(shots, file), fullPage: true });
        }
        const found = await shown.evaluate<string[]>(FIND_FAULTS);
        faults.push(...found.map((fault) => `${name}, ${width} px: ${fault}`));
      }
    }
    return faults;
  } finally {
    await context.close();
  }
}

describe.skipIf(findChromium() === undefined && process.env["CI"] === undefined)("pages", () => {
  for (const colorScheme of ["light", "dark"] as const) {
    it(`cut off nothing, and are readable at each width, ${colorScheme}`, async () => {
      expect(await faultsIn(colorScheme)).toEqual([]);
    });
  }

  it("keep the labels of parallel coordinates apart, for each space of mien", async () => {
    for (const name of ["default", "study-case"]) {
      const space = await loadSpace(name);
      const trials = (
        [
          ["complete", 0.3],
          ["complete", 0.35],
        ] as const
      ).map(
        // prettier-ignore
        ([state, value], number) => ({ number, state, value, params: {} }) as unknown as Trial,
      );
      const { configuration, width } = parallelChart(trials, space, "light");
      const options = { ...configuration.options, responsive: false, animation: false } as const;
      const canvas = createCanvas(width, 540);
      registerFonts();
      Chart.defaults.font.family = `"${FONT}"`;
      Chart.defaults.font.size = 13;
      const chart = new Chart(canvas, { ...configuration, options });
      const context = canvas.getContext("2d");
      context.font = `13px "${FONT}"`;
      const texts = (configuration.data.labels as string[][]).flatMap((lines, i) =>
        lines.flatMap((line, row) => {
          const half = context.measureText(line).width / 2;
          const middle = chart.scales["x"]!.getPixelForTick(i);
          return line === "" ? [] : [{ line, row, left: middle - half, right: middle + half }];
        }),
      );
      for (const { line, row, left, right } of texts) {
        const after = texts.filter((other) => other.row === row && other.left > left);
        const next = Math.min(...after.map((other) => other.left));
        expect({ line, apart: right + 4 < next }).toEqual({ line, apart: true });
        expect(left).toBeGreaterThanOrEqual(0);
        expect(right).toBeLessThanOrEqual(width);
      }
      // A page is 950 px wide inside a figure: the labels are not scaled down there.
      expect(width).toBeLessThanOrEqual(950);
      chart.destroy();
    }
  });

  it("draw the weakest trial with a contrast of 3 to the background of each theme", () => {
    const luminance = (rgb: readonly number[]) =>
      rgb
        .map((value) => value / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * ([0.2126, 0.7152, 0.0722][i] as number), 0);
    for (const theme of ["light", "dark"] as const) {
      const hex = THEMES[theme].background.slice(1);
      const ground = luminance([0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));
      for (const kind of ["complete", "pruned"] as const) {
        const line = luminance((shade(0, kind, theme).match(/\d+/g) ?? []).map(Number));
        const [dark, bright] = [ground, line].sort((a, b) => a - b) as [number, number];
        expect((bright + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(3);
      }
    }
  });

  it("write a count of one in the singular", async () => {
    const space = { ...(await loadSpace("default")), parameters: {} };
    const settings = toySettings({ space, epochs: 1 });
    const rest = { steps: [], seconds: 60, failure: null, retryOf: null };
    const best: Trial = { number: 0, state: "complete", value: 0.5, params: {}, ...rest };
    const study = { study: "s", settings, trials: [best], best, importance: null };
    const html = [
      studyPage({ ...study, comparison: null, randomSearch: false }, []),
      exploreHtml({ images: 1 }),
      sessionHtml(100),
    ].join("\n");
    for (const text of [
      "1 trial (1 complete)",
      "at most 1 epoch on",
      "1 image, ",
      "in 1 frame of",
    ]) {
      expect(html).toContain(text);
    }
    expect(html).not.toMatch(/[^\d.,]1 (trials|epochs|images|frames|classes|rows)\b/);
  });

  it("count trials by one rule, and explain no line that is not drawn", () => {
    const html = pages.get("tune:report") as string;
    expect(html).toContain("<p>4 trials (2 complete, 1 pruned, 1 interrupted) on");
    expect(html).toContain("<span>trials</span><b>4</b>");
    expect(html).not.toMatch(/random search/i);
  });
});
