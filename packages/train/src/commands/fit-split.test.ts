import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { resolveSplit } from "@mien/data";
import type { RunConfig, RunMetrics } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPredictions } from "../score/predictions.ts";
import { smallFlags, smallSet, writeCsv } from "../testing/small-set.ts";
import { runCommand } from "../testing/run-command.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-split-"));
  await writeCsv(path.join(folder, "small.csv"), smallSet);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (...argv: string[]) => runCommand(folder, ...argv);
const fit = (...argv: string[]) =>
  run("fit", "--csv", "small.csv", ...smallFlags, "--epochs", "1", ...argv);
const file = (...parts: string[]) => path.join(folder, ...parts);
const json = async <T>(name: string) => JSON.parse(await readFile(file(name), "utf8")) as T;

const choice = { split: "60/30/10", splitSeed: 2, splitTogether: "near-copies" } as const;
const { train, validation, test } = await resolveSplit(smallSet, choice);

describe("a run with --split 60/30/10", () => {
  it("prints and records its split, and is evaluated on its own validation images", async () => {
    const { code, out, err } = await fit(
      "--split",
      "60/30/10",
      "--split-seed",
      "2",
      "--out",
      "own",
    );
    expect(code, err).toBe(0);
    expect(out).toContain(`${train.length} training and ${validation.length} validation images`);
    expect(out).toContain(
      `split 60/30/10 with seed 2: ${train.length} training, ${validation.length} validation and ${test.length} test images\n`,
    );
    expect(await json<RunConfig>("own/config.json")).toMatchObject(choice);
    const rows = validation.map((position) => smallSet.row[position]!);
    expect((await readPredictions(file("own"), "validation")).row).toEqual(rows);
    const { validation: before } = await json<RunMetrics>("own/metrics.json");
    expect(before.images).toBe(validation.length);

    const evaluated = await run("evaluate", "own", "--final");
    expect(evaluated.code, evaluated.err).toBe(0);
    expect(evaluated.out).toContain("split 60/30/10 with seed 2\n");
    const after = await json<RunMetrics>("own/metrics.json");
    expect(after.validation).toMatchObject(before);
    expect(after.test!.images).toBe(test.length);
    expect((await readPredictions(file("own"), "validation")).row).toEqual(rows);
    const report = await readFile(file("own/report.html"), "utf8");
    expect(report).toContain("60/30/10 with seed 2");
    expect(report).not.toContain("chosen on PublicTest");
  }, 180_000);

  it("is found again by the same split only", async () => {
    const again = await fit("--split", "60/30/10", "--split-seed", "2", "--out", "own");
    expect(again.out).toContain("own is finished");
    const other = await fit("--out", "own", "--split-seed", "2");
    expect(other.code, other.err).toBe(0);
    expect(other.err).toContain("--split-seed is not read, as --split is official");
    expect(other.out).not.toMatch(/^split \d/m);
    expect(await json<RunConfig>("own-2/config.json")).toMatchObject({ split: "official" });
  }, 180_000);

  it("cannot be compared with a run on other validation images, nor teach one", async () => {
    const compared = await run("compare", "own", "own-2");
    expect(compared.code).toBe(1);
    expect(compared.err).toContain(
      "own and own-2 were evaluated on different images, because their splits are 60/30/10 with seed 2 and official;",
    );
    const taught = await run("teach", "own", "--csv", "small.csv");
    expect(taught.code).toBe(1);
    expect(taught.err).toMatch(/own has the split 60\/30\/10 with seed 2; a teacher needs the off/);
  });
});

describe("--split", () => {
  it.each([
    ["70/20/20", /--split must be official, k-fold:K, or three numbers .*, found "70\/20\/20"/],
    ["70/20/10", /--distillation needs the official split/],
  ])("%s is refused with a teacher or a wrong sum, before anything is read", async (name, why) => {
    const flags = ["--distillation", "0.5", "--teacher", "none.bin"];
    const outcome = await run("fit", "--csv", "nowhere.csv", "--split", name, ...flags);
    expect(outcome).toMatchObject({ code: 2, out: "" });
    expect(outcome.err).toMatch(why);
  });
});
