import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import type { Predictions } from "../score/predictions.ts";
import { smallSet } from "../testing/small-set.ts";
import { lineChart } from "./line-chart.ts";
import { misclassifiedGallery, mostConfidentErrors } from "./misclassified-images.ts";
import { encodePng } from "./png.ts";
import { confusionTable } from "./confusion-matrix.ts";
import { drawOcclusion } from "./occlusion-overlay.ts";
import { rankingSection } from "./ranking-charts.ts";
import { niceTicks } from "./svg-chart.ts";

const predictions: Predictions = {
  split: "validation",
  classes: ["Happy", "<i>Sad</i>"],
  probabilities: Float32Array.of(0.9, 0.1, 0.3, 0.7, 0.99, 0.01, 0.6, 0.4),
  row: smallSet.row.slice(0, 4),
  labels: Uint8Array.of(1, 1, 1, 0),
  copied: new Uint8Array(4),
  votes: Int32Array.of(0, -1, -1, 0),
};

describe("mostConfidentErrors", () => {
  it("lists only misclassified images, the highest confidence first", () => {
    const errors = mostConfidentErrors(smallSet, predictions, 5);
    expect(errors.map(({ index }) => index)).toEqual([2, 0]);
    const [worst] = mostConfidentErrors(smallSet, predictions, 1);
    expect(worst).toMatchObject({ index: 2, position: 2, predicted: 0 });
  });

  it("are shown with label and votes, and with escaped class names", () => {
    const errors = mostConfidentErrors(smallSet, predictions, 5);
    const html = misclassifiedGallery(smallSet, predictions, errors);
    expect(html.match(/<img /g)).toHaveLength(2);
    expect(html).not.toContain("occlusion");
    expect(html).toContain("99 %");
    expect(html).toContain("label: &lt;i&gt;Sad");
    expect(html).toContain("votes: none of these, or a tie");
    expect(html).not.toContain("<i>Sad");
  });

  it("are shown with their occlusion maps, the largest drop and a colour scale", () => {
    const maps = [new Float32Array(48 * 48).fill(0.34, 0, 9), new Float32Array(48 * 48).fill(0.009)]; // prettier-ignore
    const errors = mostConfidentErrors(smallSet, predictions, 5);
    const occluded = errors.map((error, i) => ({ ...error, occlusion: maps[i] }));
    const html = misclassifiedGallery(smallSet, predictions, occluded);
    expect(html.match(/<img /g)).toHaveLength(4);
    expect(html.match(/<span>drop: [^<]*/g)).toEqual([
      "<span>drop: up to 34 points",
      "<span>drop: below 1 point",
    ]);
    expect(html.match(/class="heat-scale"/g)).toHaveLength(1);
  });
});

describe("drawOcclusion", () => {
  it.skipIf(withoutPython("PIL"))("colours a pixel by its share of the largest drop", () => {
    const map = Float32Array.of(0, -0.5, 0.25, 0.5);
    const png = drawOcclusion(Uint8Array.of(100, 100, 100, 100), map, { height: 1, width: 4, channels: 1 }); // prettier-ignore
    const script = `
import base64, io, json
from PIL import Image
image = Image.open(io.BytesIO(base64.b64decode("${png.toString("base64")}")))
print(json.dumps([image.getpixel((x, 0)) for x in range(4)]))`;
    expect(runPython(script)).toEqual([
      [100, 100, 100],
      [100, 100, 100],
      [145, 98, 60],
      [190, 95, 20],
    ]);
  });
});

describe("rankingSection", () => {
  it("draws a line and names the area of each class, by labels and by votes", () => {
    const html = rankingSection([predictions, { ...predictions, split: "test" }]);
    expect(html.match(/<polyline /g)).toHaveLength(8);
    // The only Happy image has the third of the four probabilities.
    expect(html).toMatch(/Happy<\/th><td[^>]*>1 \(25\.0 %\)<\/td><td[^>]*>0\.333</);
    expect(html).toContain("ROC AUC, by votes");
    expect(html).toContain("&lt;i&gt;Sad");
    expect(html).not.toMatch(/NaN|null|<i>Sad/);
  });

  it("says that the areas of a class without images are not defined", () => {
    const { votes, ...plain } = predictions;
    expect(votes).toBeDefined();
    const html = rankingSection([{ ...plain, labels: new Uint8Array(4) }]);
    expect(html).toContain("Happy not defined: no other images");
    expect(html).toContain("&lt;i&gt;Sad&lt;/i&gt; not defined: no images");
    expect(html).toMatch(/<b>mean<\/b>.*<td>not defined<\/td><td>1\.000<\/td>/);
    expect(html).not.toMatch(/NaN|null|>0\.000/);
  });
});

describe("encodePng", () => {
  it.skipIf(withoutPython("PIL"))("writes what Pillow reads, grey and in colour", () => {
    for (const channels of [1, 3]) {
      const pixels = Uint8Array.from({ length: 5 * 3 * channels }, (_, i) => (37 * i) % 256);
      const png = encodePng(pixels, { width: 5, height: 3, channels });
      const script = `
import base64, io, json, sys
from PIL import Image
image = Image.open(io.BytesIO(base64.b64decode(json.load(sys.stdin))))
image.verify()
image = Image.open(io.BytesIO(base64.b64decode("${png.toString("base64")}")))
print(json.dumps([image.mode, image.size, list(image.tobytes())]))`;
      const found = runPython(script, { input: png.toString("base64") });
      expect(found).toEqual([channels === 1 ? "L" : "RGB", [5, 3], [...pixels]]);
    }
  });
});

describe("charts", () => {
  it("have round ticks that enclose the values, also of a constant line", () => {
    expect(niceTicks(0.12, 0.58)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    expect(niceTicks(1, 8)).toEqual([0, 2, 4, 6, 8]);
    for (const [low, high] of [
      [1, 1],
      [-3, 1e6],
      [1e-7, 2e-7],
    ] as const) {
      const ticks = niceTicks(low, high);
      expect(ticks[0]).toBeLessThanOrEqual(low);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(high);
      expect(ticks.length).toBeLessThanOrEqual(8);
    }
  });

  it("draw a single epoch without NaN or infinity", () => {
    const series = [{ name: "a & b", points: [[1, 0.5]] as const }];
    const html = lineChart({ title: "T", unit: "u", format: String, series });
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
    expect(html).toContain("a &amp; b");
  });
});

describe("tables", () => {
  it("show shares and counts, and a dash for a class without images", () => {
    const html = confusionTable([[3, 1], [0, 0]], ["Happy", "Sad"]); // prettier-ignore
    expect(html).toContain("0.75<small>3</small>");
    expect(html).toContain("–<small>0</small>");
  });
});
