import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withoutPython } from "@mien/testing";
import { configFromFlags } from "@mien/train";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openBridge } from "../optuna/optuna-bridge.ts";
import type { Trial } from "../optuna/optuna-protocol.ts";
import { writeSmallStudy } from "../testing/small-study.ts";
import { faultsOf, runCommand, start } from "../testing/workers.ts";

// Many processes start here, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-tune-"));
  await writeSmallStudy(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = (...parts: string[]) => path.join(folder, ...parts);
const json = async (name: string) => JSON.parse(await readFile(file(name), "utf8")) as unknown;

const searchWords = (out: string, trials: number, ...more: string[]) => [
  ...["search", "--csv", "small.csv", "--space", "tiny.json", "--subset", "1"],
  ...["--out", out, "--trials", String(trials), "--epochs", "8", ...more],
];

/** Starts a search in a child process, which can be killed. */
const startSearch = (out: string, trials: number) =>
  start("bin.ts", searchWords(out, trials), folder);

/** Runs a command in the temporary folder to its end. */
async function run(...words: string[]) {
  const { code, out, err } = await runCommand(folder, ...words);
  return { code, output: out + err };
}

const search = (out: string, trials: number, ...more: string[]) =>
  run(...searchWords(out, trials, ...more));

/** The trials of a study. */
async function trialsOf(out: string): Promise<Trial[]> {
  const bridge = await openBridge();
  const store = { journal: file(out, "journal.log") };
  await bridge.call("create", { store, study: null, new: null, worker: 1 });
  const trials = await bridge.call("trials", {});
  await bridge.close();
  return trials;
}

/** Waits until a number of trials of a study have begun. */
async function begun(out: string, count: number): Promise<void> {
  const journal = file(out, "journal.log");
  const starts = async () =>
    existsSync(journal) ? (await readFile(journal, "utf8")).split('"op_code":7').length - 1 : 0;
  while ((await starts()) < count) await sleep(20);
}

describe.skipIf(withoutPython("optuna"))("tune:search", () => {
  it("repeats the interrupted trial if it was killed and is started again", async () => {
    const killed = startSearch("killed", 2);
    await begun("killed", 1);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const again = await search("killed", 2, "--json", "killed.json");
    expect(again).toMatchObject({ code: 0 });
    const trials = await trialsOf("killed");
    expect(faultsOf(trials)).toEqual([]);
    expect(trials.map(({ state }) => state).filter((state) => state !== "pruned")).toContain(
      "complete",
    );
    expect(trials).toHaveLength(3);
    const first = { state: "interrupted", failure: "its worker vanished" };
    expect(trials[0]).toMatchObject(first);
    expect(trials[1]).toMatchObject({ retryOf: 0, params: trials[0]!.params });
    expect(await readdir(file("killed/trials"))).toEqual([]);
    expect(await json("killed.json")).toMatchObject({
      study: "small-tiny",
      done: true,
      bestFile: "killed/best.json",
    });
    expect(again.output).toMatch(/best so far[^]*done: [^]*wrote killed\/best\.json/);
    expect(again.output).toMatch(/next {2}npx nx run train:fit --config killed\/best\.json/);
  });

  it("writes the best trial's settings in the form that train:fit reads", async () => {
    const trials = await trialsOf("killed");
    const complete = trials.filter(({ state }) => state === "complete");
    const best = complete.sort((a, b) => b.value! - a.value! || a.number - b.number)[0]!;
    const config = await configFromFlags({}, file("killed/best.json"));
    expect(config).toMatchObject({ ...best.params, widths: [4, 8, 8, 8], epochs: 40, subset: 1 });
  });

  it("trains nothing if the study is complete, and says so", async () => {
    const before = await readFile(file("killed/journal.log"));
    const again = await search("killed", 2);
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).toMatch(/done: \d complete, \d pruned, 0 failed, 1 interrupted/);
    const after = (await readFile(file("killed/journal.log"))).subarray(before.length);
    expect(after.toString()).not.toMatch(/"op_code":4/);
  });

  it("accepts a time that is not a whole number of milliseconds", async () => {
    expect(await search("killed", 2, "--timeout", "4.1")).toMatchObject({ code: 0 });
  });

  it("trains a trial from its start if the journal of a killed study was removed", async () => {
    const killed = startSearch("moved", 1);
    await begun("moved", 1);
    killed.child.kill("SIGKILL");
    await killed.ended;
    await rm(file("moved/journal.log"));
    expect(await search("moved", 1)).toMatchObject({ code: 0 });
    const [trial] = await trialsOf("moved");
    expect(trial?.steps.map(([epoch]) => epoch)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("refuses to continue with other settings, and names them", async () => {
    const outcome = await search("killed", 2, "--seed", "5", "--pruner", "median");
    expect(outcome.code).toBe(1);
    expect(outcome.output).toMatch(/begun with other settings:\n {2}pruner: hyperband → median/);
    expect(outcome.output).toMatch(/seed: 1 → 5/);
  });

  it("stops on Ctrl-C, returns its trial and says how to continue; a worker finishes the study", async () => {
    const first = startSearch("stopped", 2);
    await begun("stopped", 1);
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(130);
    expect(first.out() + first.err()).toMatch(
      /0 complete, 0 pruned, 0 failed, 1 interrupted of 2 trials\nRepeat the command/,
    );
    const worker = await run("worker", "--out", "stopped", "--csv", "small.csv");
    expect(worker).toMatchObject({ code: 0 });
    expect(worker.output).toMatch(/all trials of the study are done/);
    const trials = await trialsOf("stopped");
    expect(faultsOf(trials)).toEqual([]);
    expect(trials[1]).toMatchObject({ retryOf: 0 });
  });

  it("refuses a wrong space, storage, study or time before it starts anything", async () => {
    for (const [flags, message] of [
      [["--space", "none.json"], /no space "none.json"/],
      [["--storage", "mysql://host"], /--storage must be the URL of a PostgreSQL database/],
      [["--study", "a/b"], /--study cannot be "a\/b"/],
      [["--study", ".."], /--study cannot be "\.\."/],
      [["--study=-x"], /--study cannot be "-x"/],
      [["--timeout", "36000"], /--timeout must be a number from 0.01 to 35000/],
    ] as const) {
      const outcome = await search("wrong", 1, ...flags);
      expect(outcome.code).toBeGreaterThan(0);
      expect(outcome.output).toMatch(message);
    }
    expect(existsSync(file("wrong"))).toBe(false);
  });
});
