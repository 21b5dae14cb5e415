import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeJson } from "@mien/cli";
import { RUN_FILES } from "@mien/format";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveConfig } from "../config.ts";
import { inputsKey, readRunMetrics, removeLeftovers, trainingCode, type RunInputs } from "./run.ts";

let folder: string;
let base: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-run-"));
  base = path.join(folder, "fer2013");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inputs = (changes: object = {}): RunInputs => ({
  data: "a".repeat(64),
  split: "official",
  seed: 1,
  hyperparameters: { ...resolveConfig({ epochs: 8, ...changes }) },
});

describe("the metrics of a run", () => {
  it("are refused while it is unfinished, and if the file holds something else", async () => {
    await expect(readRunMetrics(base)).rejects.toMatchObject({ code: "missing-file" });
    for (const content of [null, {}, { validation: 1 }]) {
      await writeJson(path.join(base, RUN_FILES.metrics), content);
      await expect(readRunMetrics(base)).rejects.toMatchObject({ code: "bad-data" });
    }
    const whole = { validation: { accuracyInterval: [0, 1], confusion: [[1]] } };
    await writeJson(path.join(base, RUN_FILES.metrics), whole);
    expect(await readRunMetrics(base)).toEqual(whole);
  });
});

describe("the key of a run's inputs", () => {
  it("does not depend on the order of the settings, but on every value", () => {
    const { data, split, seed, hyperparameters } = inputs();
    const reversed = Object.fromEntries(Object.entries(hyperparameters).reverse());
    expect(inputsKey({ hyperparameters: reversed, seed, split, data })).toBe(inputsKey(inputs()));
    expect(inputsKey(inputs({ widths: [64, 32, 128, 256] }))).not.toBe(inputsKey(inputs()));
    expect(inputsKey({ ...inputs(), seed: 2 })).not.toBe(inputsKey(inputs()));
  });
});

describe("what a killed process was writing", () => {
  it("is removed, and nothing else", async () => {
    const names = ["history.jsonl.0123abcd.tmp", "notes.tmp", "checkpoint/last.safetensors"];
    await mkdir(path.join(base, "checkpoint"), { recursive: true });
    for (const name of names) await writeFile(path.join(base, name), "");
    await writeFile(path.join(base, "checkpoint/last.safetensors.deadbeef.tmp"), "");
    await removeLeftovers(base);
    expect((await readdir(base, { recursive: true })).sort()).toEqual([
      "checkpoint",
      "checkpoint/last.safetensors",
      "notes.tmp",
    ]);
    await removeLeftovers(path.join(folder, "none"));
  });
});

describe("the version of the training code", () => {
  it("is a stable hash", async () => {
    expect(await trainingCode()).toMatch(/^[0-9a-f]{12}$/);
    expect(await trainingCode()).toBe(await trainingCode());
  });
});
