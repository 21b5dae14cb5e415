import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compareRuns, comparisonName, type Comparison } from "./compare-runs.ts";
import { renderComparison, verdict } from "../report/comparison-page.ts";
import type { EvaluationSplit } from "./predictions.ts";
import { writeFinishedRun, type FinishedRun } from "../testing/finished-run.ts";

let base: string;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), "mien-compare-"));
  return () => rm(base, { recursive: true });
});

const run = (name: string, about: FinishedRun) => writeFinishedRun(path.join(base, name), about);

describe("compareRuns", () => {
  it("separates real differences from chance, and names the settings that differ", async () => {
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

  it("uses the test split only if all runs were evaluated on it before", async () => {
    const splits: EvaluationSplit[] = ["validation", "test"];
    const tested = [await run("a", { right: 20, splits }), await run("b", { right: 10, splits })];
    const untested = await run("c", { right: 10 });
    const splitsOf = async (...folders: string[]) => [
      ...new Set((await compareRuns(folders)).pairs.map(({ split }) => split)),
    ];
    expect(await splitsOf(...tested)).toEqual(splits);
    expect(await splitsOf(...tested, untested)).toEqual(["validation"]);
  });

  it("compares by votes if all runs have the same ones, else leaves them out with a warning", async () => {
    // The third run has other votes, because they agree with other predictions.
    const [one, two, other] = [
      await run("one", { right: 30, rightByVotes: 40 }),
      await run("two", { right: 30, rightByVotes: 40 }),
      await run("other", { right: 20, rightByVotes: 40 }),
    ];
    const without = await run("without", { right: 20 });
    const groundTruths = ({ pairs }: Comparison) => pairs.map(({ by }) => by);
    const votes = ({ runs }: Comparison) => runs.map(({ metrics }) => metrics.validation.byVotes);

    const same = await compareRuns([one, two]);
    expect(groundTruths(same)).toEqual(["labels", "votes"]);
    expect(same.warnings).toEqual([]);

    const different = await compareRuns([one, other]);
    expect(groundTruths(different)).toEqual(["labels"]);
    expect(votes(different)).toEqual([undefined, undefined]);
    expect(different.warnings.join()).toMatch(/validation .* different FER\+ votes: .* left out/);
    expect(renderComparison(different)).toContain(different.warnings[0]);

    const partly = await compareRuns([one, without]);
    expect(groundTruths(partly)).toEqual(["labels"]);
    expect(votes(partly)).toEqual([expect.anything(), undefined]);
    expect(partly.warnings.join()).toMatch(/some runs were evaluated without FER\+ votes/);
  });

  it("draws curves by different targets in separate charts that name the target", async () => {
    const epochs = [[0.5, 1], [0.6, 0.9]] as const; // prettier-ignore
    const trainedOn = async (name: string, voteShare: number, votes?: string) => {
      const config = {
        hyperparameters: { voteShare },
        ...(votes && { votes: { path: "/f", sha256: votes.repeat(64) } }),
      };
      return run(name, { right: 20, epochs, config });
    };
    const charts = async (...runs: string[]) => {
      const html = renderComparison(await compareRuns(runs));
      return html.match(/<figure[^]*?<\/figure>/g)!.map((figure) => ({
        target: /<small>by (.*?), (in nats, )?over/.exec(figure)![1],
        colours: figure.match(/(?<=<polyline [^>]*stroke: var\(--)./g)!.join(""),
      }));
    };
    const labels = [await trainedOn("by-labels", 0), await trainedOn("by-labels-too", 0)];
    const votes = await trainedOn("by-votes", 1, "1");
    const other = await trainedOn("by-other-votes", 1, "2");
    const twoCharts = (target: string, colours: string) => [
      { target, colours },
      { target, colours },
    ];

    expect(await charts(...labels)).toEqual(twoCharts("the data set's labels", "ab"));
    expect(await charts(...labels, votes)).toEqual([
      ...twoCharts("the data set's labels", "ab"),
      ...twoCharts("the FER+ votes", "c"),
    ]);
    expect(await charts(votes, other)).toEqual([
      ...twoCharts("the FER+ votes (SHA-256 111111111111)", "a"),
      ...twoCharts("the FER+ votes (SHA-256 222222222222)", "b"),
    ]);
  });

  it("shows scores and calibration errors by labels and by votes", async () => {
    const folder = await run("evaluated", { right: 30, rightByVotes: 10 });
    const html = renderComparison(
      await compareRuns([folder, await run("evaluated-too", { right: 30, rightByVotes: 10 })]),
    );
    const table = (by: string) =>
      html.split(`<h3>validation, by ${by}</h3>`)[1]!.split("</table>")[0];
    // The confidence is always 80 %; 75 % are correct by labels, 25 % by votes.
    expect(table("labels")).toMatch(/75\.00 %.*>5\.0 %</);
    expect(table("FER+ votes")).toMatch(/25\.00 %.*>55\.0 %</);
  });

  it("names different votes, teachers and code as differences", async () => {
    const file = (sha256: string) => ({ path: "/f", sha256: sha256.repeat(64) });
    const runs = [
      await run("plain", { right: 20 }),
      await run("distilled", {
        right: 20,
        config: { votes: file("1"), teacher: file("2"), code: "d" },
      }),
    ];
    expect((await compareRuns(runs)).differences).toEqual([
      ["votes", ["–", "1".repeat(12)]],
      ["teacher", ["–", "2".repeat(12)]],
      ["code", ["c", "d"]],
    ]);
  });

  it("refuses a run that is named twice, also by different paths", async () => {
    const twice = await run("twice", { right: 20 });
    const link = path.join(base, "link");
    await symlink(twice, link);
    for (const again of [`${twice}/`, path.relative(".", twice), link]) {
      const comparing = compareRuns([twice, again]);
      await expect(comparing).rejects.toMatchObject({ code: "usage" });
      await expect(comparing).rejects.toThrow(`${again} is named twice`);
    }
  });

  it("refuses runs on different images, and a single run", async () => {
    const first = await run("d", { right: 20 });
    const second = await run("e", { right: 20, rows: 7 });
    await expect(compareRuns([first, second])).rejects.toThrow(/evaluated on different images/);
    await expect(compareRuns([first])).rejects.toMatchObject({ code: "usage" });
    const bare = path.join(base, "d");
    await rm(path.join(bare, "predictions-validation.bin"));
    await expect(compareRuns([bare, second])).rejects.toThrow(/no predictions on its validation/);
  });
});

describe("comparisonName", () => {
  it("differs between different runs, also if their joined names are equal", () => {
    const name = comparisonName(["runs/a", "runs/b-c"]);
    expect(name).toMatch(/^a-b-c-[0-9a-f]{8}$/);
    expect(comparisonName(["runs/a", "./runs/b-c/"])).toBe(name);
    expect(comparisonName(["runs/a-b", "runs/c"])).not.toBe(name);
    expect(comparisonName(["other/a", "other/b-c"])).not.toBe(name);
  });

  it("is short enough for a folder name, whatever the number and length of the names", () => {
    expect(comparisonName(["a", "b", "c", "d"])).toMatch(/^a-b-and-2-more-/);
    const long = [
      "表".repeat(80),
      "b".repeat(255),
      ...Array.from({ length: 300 }, (_, i) => `r${i}`),
    ];
    expect(Buffer.byteLength(comparisonName(long))).toBeLessThan(255);
  });
});
