import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compareRuns } from "./compare.ts";
import { renderComparison, verdict } from "./page/comparison.ts";
import type { MeasuredPart } from "./predictions.ts";
import { writeFinishedRun, type FinishedRun } from "./testing/finished-run.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), "mien-compare-"));
  return () => rm(base, { recursive: true });
});

const run = (name: string, about: FinishedRun) => writeFinishedRun(path.join(base, name), about);

describe("compareRuns", () => {
  it("tells a real difference from chance, and names what differs in the settings", async () => {
    const runs = [
      await run("good", { right: 30 }),
      await run("same", { right: 29 }),
      await run("bad", { right: 10, learningRate: 0.5 }),
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
    const opened = [await run("a", { right: 20, parts }), await run("b", { right: 10, parts })];
    const closed = await run("c", { right: 10 });
    const partsOf = async (...folders: string[]) => [
      ...new Set((await compareRuns(folders)).pairs.map(({ part }) => part)),
    ];
    expect(await partsOf(...opened)).toEqual(parts);
    expect(await partsOf(...opened, closed)).toEqual(["validation"]);
  });

  it("refuses runs that answered other images, and a single run", async () => {
    const first = await run("d", { right: 20 });
    const second = await run("e", { right: 20, rows: 7 });
    await expect(compareRuns([first, second])).rejects.toThrow(/measured on other images/);
    await expect(compareRuns([first])).rejects.toMatchObject({ code: "usage" });
    const bare = path.join(base, "d");
    await rm(path.join(bare, "predictions-validation.bin"));
    await expect(compareRuns([bare, second])).rejects.toThrow(/no predictions on its validation/);
  });
});
