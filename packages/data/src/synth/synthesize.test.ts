import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { imageAt } from "@mien/format";
import { runPython, withoutPython } from "@mien/testing";
import { describe, expect, it } from "vitest";
import { countClasses } from "../set/counts.ts";
import { temporaryFolder } from "../testing/folder.ts";
import { encodeCsv } from "../csv/write-csv.ts";
import { drawFace, synthesize } from "./synthesize.ts";

describe("synthesize", () => {
  const set = synthesize({ count: 700, seed: 1 });

  it("draws the same bytes on every machine", () => {
    const hash = createHash("sha256")
      .update(synthesize({ count: 70, seed: 1 }).pixels)
      .digest("hex");
    expect(hash).toBe("2e799fd1639078b8eae879669d92c3222ca1fa482b7680da63a275913bc81555");
  });

  it("draws different faces with another seed", () => {
    const other = synthesize({ count: 70, seed: 2 });
    const same = [...Array(70).keys()].filter((i) =>
      Buffer.from(imageAt(other, i)).equals(imageAt(set, i)),
    );
    expect(same).toEqual([]);
  });

  it("begins a larger set with the images of a smaller one", () => {
    const small = synthesize({ count: 70, seed: 1 });
    expect([...small.labels]).toEqual([...set.labels.subarray(0, 70)]);
    expect(Buffer.from(small.pixels).equals(set.pixels.subarray(0, small.pixels.length))).toBe(
      true,
    );
  });

  it("has similar numbers of each class in every split, and 80 % of the images in Training", () => {
    const counts = countClasses(set);
    const totals = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
    expect(Math.min(...counts.flat())).toBeGreaterThan(5);
    expect(Math.max(...totals) / Math.min(...totals)).toBeLessThan(1.4);
    expect(new Set(totals).size).toBeGreaterThan(1);
    const training = counts.reduce((sum, row) => sum + (row[0] ?? 0), 0);
    expect(training / 700).toBeCloseTo(0.8, 2);
  });

  it("draws no image twice, and no blank, dark or overexposed one", () => {
    const images = [...set.labels.keys()].map((i) => imageAt(set, i));
    expect(new Set(images.map((pixels) => Buffer.from(pixels).toString("latin1"))).size).toBe(700);
    for (const pixels of images) {
      const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
      const variance = pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length;
      expect(Math.sqrt(variance)).toBeGreaterThan(10);
      expect(mean).toBeGreaterThan(60);
      expect(mean).toBeLessThan(200);
    }
  });

  it("changes only parts of the face if only the label changes", () => {
    const neutral = drawFace(6, [1, 5]);
    expect(Buffer.from(drawFace(6, [1, 5])).equals(neutral)).toBe(true);
    for (let label = 0; label < 6; label++) {
      const changed = drawFace(label, [1, 5]).filter(
        (value, i) => Math.abs(value - (neutral[i] ?? 0)) > 12,
      );
      expect(changed.length).toBeGreaterThan(60);
      expect(changed.length).toBeLessThan(1400);
    }
  });

  it("refuses a count that is not whole or too small for every class", () => {
    expect(() => synthesize({ count: 69, seed: 1 })).toThrow("at least 70 images, found 69");
    expect(() => synthesize({ count: 100.5, seed: 1 })).toThrow("found 100.5");
  });

  it.skipIf(withoutPython("sklearn", "numpy"))(
    "can be learnt partly, but not well, by a linear model",
    async () => {
      const csv = path.join(await temporaryFolder(), "synth.csv");
      await writeFile(csv, Buffer.concat(encodeCsv(synthesize({ count: 1400, seed: 1 }))));
      const script = `
import csv, json, sys
import numpy as np
from sklearn.linear_model import RidgeClassifier
rows = list(csv.DictReader(open(sys.argv[1])))
x = np.array([np.array(row["pixels"].split(), dtype=np.float32) for row in rows])
x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
y = np.array([int(row["emotion"]) for row in rows])
train = np.array([row["Usage"] == "Training" for row in rows])
scores = [RidgeClassifier(alpha=a).fit(x[train], y[train]).score(x[~train], y[~train]) for a in (300, 1e3, 3e3)]
print(json.dumps(max(scores)))`;
      const accuracy = runPython(script, { args: [csv] }) as number;
      expect(accuracy).toBeGreaterThan(0.25);
      expect(accuracy).toBeLessThan(0.6);
    },
  );
});
