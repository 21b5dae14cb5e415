import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { RUN_FILES, type RunConfig } from "@mien/format";
import { beforeAll, describe, expect, it } from "vitest";
import { compareRuns } from "./compare.ts";
import { judge } from "./judge.ts";
import { renderComparison, verdict } from "./page/comparison.ts";
import { writePredictions, type MeasuredPart, type Predictions } from "./predictions.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), "mien-compare-"));
  return () => rm(base, { recursive: true });
});

/** A finished run that is right about the first `right` of 40 images, wrong about the others. */
async function run(
  name: string,
  right: number,
  options: { rows?: number; rate?: number; parts?: MeasuredPart[] } = {},
): Promise<string> {
  const { rows = 0, rate = 0.1, parts = ["validation"] } = options;
  const folder = path.join(base, name);
  await mkdir(folder);
  const predictions = (part: MeasuredPart): Predictions => ({
    part,
    classes: ["Happy", "<Sad>"],
    probabilities: Float32Array.from({ length: 80 }, (_, i) =>
      i >> 1 < right === (i % 2 === 0) ? 0.8 : 0.2,
    ),
    row: Uint32Array.from({ length: 40 }, (_, i) => rows + i),
    labels: new Uint8Array(40),
    copied: new Uint8Array(40),
  });
  for (const part of parts) await writePredictions(folder, predictions(part));
  const config: RunConfig = {
    name,
    data: { name: "d", sha256: "0".repeat(64), path: "d.csv", licence: "none" },
    classes: ["Happy", "<Sad>"],
    input: { height: 1, width: 1, channels: 1 },
    split: "official",
    seed: 1,
    hyperparameters: { learningRate: rate, widths: [1, 2] },
    code: "c",
  };
  await writeFile(path.join(folder, RUN_FILES.config), JSON.stringify(config));
  const metrics = { validation: judge(predictions("validation"), 1) };
  await writeFile(path.join(folder, RUN_FILES.metrics), JSON.stringify(metrics));
  return folder;
}

describe("compareRuns", () => {
  it("tells a real difference from chance, and names what differs in the settings", async () => {
    const runs = [
      await run("good", 30),
      await run("same", 29),
      await run("bad", 10, { rate: 0.5 }),
    ];
    const comparison = await compareRuns(runs);
    const names = ["good", "same", "bad"];
    expect(comparison.pairs.map((pair) => verdict(pair, names))).toEqual([
      "may be chance",
      "good is better",
      "same is better",
    ]);
    expect(comparison.pairs[1]).toMatchObject({ onlyFirst: 20, onlySecond: 0, p: 2 / 2 ** 20 });
    expect(comparison.pairs[1]!.adjusted).toBeCloseTo((3 * 2) / 2 ** 20, 12);
    expect(comparison.differences).toEqual([["learningRate", ["0.1", "0.1", "0.5"]]]);
    const html = renderComparison(comparison);
    expect(html).toContain("&lt;Sad&gt;");
    expect(html).toContain("good is better");
    expect(html).not.toMatch(/NaN|undefined|<Sad>/);
  });

  it("looks at the test part only where all runs were opened before", async () => {
    const parts: MeasuredPart[] = ["validation", "test"];
    const opened = [await run("a", 20, { parts }), await run("b", 10, { parts })];
    const closed = await run("c", 10);
    const partsOf = async (...folders: string[]) => [
      ...new Set((await compareRuns(folders)).pairs.map(({ part }) => part)),
    ];
    expect(await partsOf(...opened)).toEqual(parts);
    expect(await partsOf(...opened, closed)).toEqual(["validation"]);
  });

  it("refuses runs that answered other images, and a single run", async () => {
    const first = await run("d", 20);
    const second = await run("e", 20, { rows: 7 });
    await expect(compareRuns([first, second])).rejects.toThrow(/measured on other images/);
    await expect(compareRuns([first])).rejects.toMatchObject({ code: "usage" });
    const bare = path.join(base, "d");
    await rm(path.join(bare, "predictions-validation.bin"));
    await expect(compareRuns([bare, second])).rejects.toThrow(/no predictions on its validation/);
  });
});
