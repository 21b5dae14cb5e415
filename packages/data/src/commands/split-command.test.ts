import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runProgram } from "@mien/cli";
import { runInProcess } from "@mien/testing";
import { imageAt, USAGES, type ImageSet } from "@mien/format";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addChangedCopies } from "../benchmark/changed-copies.ts";
import { writeCsv } from "../csv/write-csv.ts";
import { program } from "../program.ts";
import { loadVotes } from "../set/ferplus.ts";
import { loadDataset } from "../set/load-dataset.ts";
import { synthesize } from "../synth/synthesize.ts";

/** Drawn faces with changed copies in other splits. */
let source: ImageSet;
let folder: string;
beforeAll(async () => {
  const drawn = synthesize({ count: 140, seed: 3 });
  const { set } = await addChangedCopies(drawn, { perChange: 5, seeds: [1] });
  const usage = set.labels.map((_, i) => [0, 1, 0, 2, 0][i % 5]!);
  source = { ...set, usage };
  folder = await mkdtemp(path.join(tmpdir(), "mien-split-"));
  await writeCsv(path.join(folder, "faces.csv"), source, {});
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...args: readonly string[]) =>
  runInProcess(() => runProgram(program, args), { cwd: folder, env: { MIEN_DATA: "" } });
const split = (...args: readonly string[]) => run("split", "--csv", "faces.csv", ...args);
const read = (name: string) => readFile(path.join(folder, name), "utf8");
interface Result {
  readonly leaks: Record<"before" | "after", { readonly exact: number; readonly near: number }[]>;
  readonly upToDate: boolean;
  readonly counts: readonly (readonly number[])[];
}
const leaksIn = (result: Result, when: "before" | "after") =>
  result.leaks[when].reduce((sum, { near }) => sum + near, 0);

describe("data:split", () => {
  it("writes the same images with other splits, and counts the leaks before and after", async () => {
    const before = await read("faces.csv");
    const done = await split("--new-test", "--out", "own.csv", "--json", "own.json");
    expect(done).toMatchObject({ code: 0, err: "" });
    expect(done.out).toMatch(/validation images with a copy in training +0 +0 +[1-9]\d* +0\n/);
    expect(done.out).toContain("chi-squared");
    const result = JSON.parse(await read("own.json")) as Result;
    expect(leaksIn(result, "before")).toBeGreaterThan(5);
    expect(leaksIn(result, "after")).toBe(0);
    expect(await read("faces.csv")).toBe(before);
    const csv = path.join(folder, "own.csv");
    const { set, manifest, warnings } = await loadDataset({ csv, cacheFolder: folder });
    expect(warnings).toEqual([]);
    expect(manifest.source).toMatch(
      /^faces \(SHA-256 .*\) with the split 70\/20\/10 with seed 1 and a/,
    );
    expect([set.pixels, set.labels]).toEqual([source.pixels, source.labels]);
    const counts = USAGES.map((_, code) => set.usage.filter((one) => one === code).length);
    expect(counts.map((count) => Math.round((10 * count) / set.usage.length))).toEqual([7, 2, 1]);

    const again = await split("--new-test", "--out", "own.csv", "--json", "own.json");
    expect(again.out).toContain("up to date: own.csv");
    expect(JSON.parse(await read("own.json"))).toMatchObject({ ...result, upToDate: true });
  });

  it("takes the FER+ votes of each row along, and describes itself as Croissant", async () => {
    const header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"; // prettier-ignore
    const lines = Array.from(
      source.usage,
      (usage, i) => `${USAGES[usage]},,${i % 9},1,0,0,0,0,0,0,0,1`,
    );
    await writeFile(path.join(folder, "votes.csv"), `${[header, ...lines].join("\n")}\n`);
    const done = await split("--ferplus", "votes.csv", "--out", "voted.csv.gz");
    expect(done).toMatchObject({ code: 0, err: "" });
    const csv = path.join(folder, "voted.csv.gz");
    const { set } = await loadDataset({ csv, cacheFolder: folder });
    const votes = await loadVotes({ csv, set });
    expect(votes.path).toBe(path.join(folder, "voted.ferplus.csv"));
    expect(Array.from(set.usage.keys(), (i) => votes.counts[10 * i])).toEqual(
      Array.from(set.usage.keys(), (i) => i % 9),
    );
    expect(JSON.parse(await read("voted.croissant.json"))).toMatchObject({ name: "voted" });
    const explored = await run("explore", "--csv", csv, "--out", "voted");
    expect(explored.out).toContain("voted.ferplus.csv");
    expect((await split("--out", "voted.csv.gz")).out).not.toContain("up to date");
  });

  it("writes the fold of each row, and keeps the test split", async () => {
    const flags = ["--split", "k-fold:3", "--fold", "2", "--assignments", "folds.csv"];
    const done = await split(...flags);
    expect(done).toMatchObject({ code: 0, err: "" });
    expect(done.out).toMatch(/^class +fold 1 +fold 2 +fold 3 +PrivateTest +all$/m);
    const rows = parse<{ row: string; split: string; fold: string }>(await read("folds.csv"), {
      columns: true,
    });
    expect(rows.map(({ row }) => Number(row))).toEqual([...source.row.keys()]);
    rows.forEach((row, i) => {
      const isTest = source.usage[i] === 2;
      expect(row.fold).toMatch(isTest ? /^$/ : /^[123]$/);
      const name = isTest ? "PrivateTest" : row.fold === "2" ? "PublicTest" : "Training";
      expect(row.split).toBe(name);
    });
    const csv = path.join(folder, "artifacts/data/faces-k-fold-3.csv");
    const { set } = await loadDataset({ csv, cacheFolder: folder });
    expect(Array.from(set.usage, (code) => USAGES[code])).toEqual(rows.map((row) => row.split));
    expect(imageAt(set, 7)).toEqual(imageAt(source, 7));
  });

  it("refuses the official split, its own source, and a CSV that it did not write", async () => {
    const official = await split("--split", "official");
    expect(official).toMatchObject({ code: 2, out: "" });
    expect(official.err).toContain("is the split that the data set has already");
    const same = await split("--out", "./faces.csv");
    expect(same.err).toContain("--out is the source ./faces.csv, which must not change");
    await writeCsv(path.join(folder, "other.csv"), source, {});
    const other = await split("--out", "other.csv");
    expect(other.err).toContain("other.csv exists and is not from data:split");
  });
});

describe("data:explore --split", () => {
  it("reports on the new splits, and says what they change", async () => {
    const flags = ["--split", "80/10/10", "--json", "explore.json"];
    const done = await run("explore", "--csv", "faces.csv", ...flags);
    expect(done.code, done.err).toBe(0);
    expect(done.out).toMatch(
      /• The splits are 80\/10\/10 with seed 1: by the official split, \d+ /,
    );
    const report = JSON.parse(await read("explore.json")) as {
      readonly folder: string;
      readonly counts: readonly (readonly number[])[];
    };
    expect(report.folder).toBe("artifacts/data/faces/explore-80-10-10-with-seed-1");
    const [, validation = 0] = [0, 1].map((part) =>
      report.counts.reduce((sum, row) => sum + row[part]!, 0),
    );
    const rest = source.usage.filter((code) => code !== 2).length;
    expect(validation / rest).toBeCloseTo(1 / 9, 1);
    const again = await run("explore", "--csv", "faces.csv", ...flags);
    expect(again.out).toContain("up to date");
  }, 60_000);
});
