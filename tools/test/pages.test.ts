import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createCanvas } from "@napi-rs/canvas";
import { Chart } from "chart.js/auto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { synthesize } from "../../packages/data/src/index.ts";
import { findingsOf } from "../../packages/data/src/explore/findings.ts";
import { renderPage as explorePage } from "../../packages/data/src/explore/page.ts";
import { drawPictures } from "../../packages/data/src/explore/pictures.ts";
import { exploreDataset } from "../../packages/data/src/explore/report.ts";
import { findChromium } from "@mien/cli";
import { launchChromium } from "../../packages/app/src/live/benchmark/chromium.ts";
import { sessionReport, SessionTimeline } from "../../packages/app/src/live/session-report.ts";
import { PAGE } from "../../packages/export/src/web/page.ts";
import { compareRuns } from "../../packages/train/src/compare.ts";
import { renderComparison } from "../../packages/train/src/page/comparison.ts";
import { page } from "../../packages/train/src/page/html.ts";
import { writeReport } from "../../packages/train/src/page/report.ts";
import { confusionTable } from "../../packages/train/src/page/score-tables.ts";
import { writeFinishedRun } from "../../packages/train/src/testing/finished-run.ts";
import { FONT, registerFonts } from "../../packages/plot/src/index.ts";
import type { Trial } from "../../packages/tune/src/protocol.ts";
import {
  drawCurves,
  drawHistory,
  drawImportance,
  drawParallel,
  drawSlices,
  parallelChart,
} from "../../packages/tune/src/report/charts.ts";
import { renderPage as studyPage } from "../../packages/tune/src/report/page.ts";
import { loadSpace } from "../../packages/tune/src/space.ts";
import { toySettings } from "../../packages/tune/src/testing/studies.ts";

type Browser = Awaited<ReturnType<typeof launchChromium>>;

const set = synthesize({ count: 210, seed: 3 });
let folder: string;
let browser: Browser;
const pages = new Map<string, string>();

function exploreHtml(): string {
  const identity = {
    manifest: { name: "synth", licence: "none", source: "made by mien" },
    path: "/a/long/path/of/folders/that/hold/the/data/set/synth.csv",
    sha256: "0".repeat(64),
  };
  const report = exploreDataset(set, identity as never, []);
  return explorePage(report, findingsOf(report), [...drawPictures(set, report, 1)].slice(0, 6));
}

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
    ...drawSlices(trials, space).slice(0, 2),
  ];
  const settings = toySettings({ space, epochs: 3, pruner: "median" });
  const best = trials[2] as Trial;
  return studyPage(
    { study: "s", settings, trials, best, importance, comparison: null, randomSearch: false },
    pictures,
  );
}

function sessionHtml(): string {
  const labels = [...set.classes];
  const timeline = new SessionTimeline(labels);
  for (let timeMs = 0; timeMs < 5000; timeMs += 100) {
    const probabilities = labels.map(() => 1 / labels.length);
    const face = { track: 1, person: null, probabilities, confirmed: labels[0] };
    timeline.add({ faces: [face], timeMs } as never);
  }
  return sessionReport(timeline, { labels, model: "a-model-with-a-long-name.onnx" });
}

beforeAll(async () => {
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
  pages.set("app:live session", sessionHtml());
  pages.set("export:onnx --web", PAGE);
  if (findChromium() !== undefined) browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Elements that are cut at the right edge, and pictures whose corner is white, as the page shows them. */
async function faultsOf(
  html: string,
  view: { name: string; width: number; colorScheme: "light" | "dark" },
) {
  const { width, colorScheme } = view;
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  try {
    const shown = await context.newPage();
    await shown.setContent(html);
    const shots = process.env["MIEN_SCREENSHOTS"];
    if (shots !== undefined) {
      const name = `${view.name.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`;
      await shown.screenshot({ path: path.join(shots, name), fullPage: true });
    }
    // Text, as it runs in the page.
    return await shown.evaluate<string[]>(`(async () => {
      const faults = [];
      const right = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth > right) faults.push("the page scrolls sideways");
      for (const element of document.querySelectorAll("body *:not(svg *):not(figure.plot *)")) {
        const box = element.getBoundingClientRect();
        if (box.width > 0 && box.right > right + 0.5) faults.push("cut: " + element.outerHTML.slice(0, 80));
      }
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      for (const image of document.querySelectorAll("figure.plot img")) {
        await image.decode();
        const canvas = new OffscreenCanvas(1, 1).getContext("2d");
        canvas.drawImage(image, 0, 0, 1, 1, 0, 0, 1, 1);
        const white = canvas.getImageData(0, 0, 1, 1).data[0] > 200;
        if (white === dark) faults.push("not of the theme: " + image.alt);
      }
      return faults;
    })()`);
  } finally {
    await context.close();
  }
}

describe.skipIf(findChromium() === undefined && process.env["CI"] === undefined)("pages", () => {
  for (const width of [390, 1280]) {
    for (const colorScheme of ["light", "dark"] as const) {
      it(`cut nothing and show no plot of the other theme at ${width} px, ${colorScheme}`, async () => {
        for (const [name, html] of pages) {
          expect({ name, faults: await faultsOf(html, { name, width, colorScheme }) }).toEqual({
            name,
            faults: [],
          });
        }
      });
    }
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
      const canvas = createCanvas(width, 470);
      registerFonts();
      Chart.defaults.font.family = `"${FONT}"`;
      const chart = new Chart(canvas, { ...configuration, options });
      const context = canvas.getContext("2d");
      context.font = `10.5px "${FONT}"`;
      const ends = (configuration.data.labels as string[][]).map((lines, i) => {
        const half = Math.max(...lines.map((line) => context.measureText(line).width)) / 2;
        const middle = chart.scales["x"]!.getPixelForTick(i);
        return [middle - half, middle + half] as const;
      });
      ends.slice(1).forEach(([left], i) => expect(left).toBeGreaterThan(ends[i]![1]));
      expect(ends.at(-1)![1]).toBeLessThanOrEqual(width);
      chart.destroy();
    }
  });

  it("count trials by one rule, and explain no line that is not drawn", () => {
    const html = pages.get("tune:report") as string;
    expect(html).toContain("<p>4 trials (2 complete, 1 pruned, 1 interrupted) on");
    expect(html).toContain("<span>trials</span><b>4</b>");
    expect(html).not.toMatch(/random search/i);
  });
});
