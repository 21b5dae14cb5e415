import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { officialSplit } from "@mien/format";
import { withoutPython } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openBridge } from "../optuna/optuna-bridge.ts";
import { loadSpace } from "../search-space.ts";
import { smallSet, writeSmallStudy } from "../testing/small-study.ts";
import { toySettings } from "../testing/studies.ts";
import { runCommand, start } from "../testing/workers.ts";

// Many processes start here, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

let folder: string;
const file = (...parts: string[]) => path.join(folder, ...parts);

/** Fills a study's journal with trials whose accuracies come from a formula, without training. */
async function writeStudy(): Promise<void> {
  const { identifyDataset } = await import("@mien/data");
  const csv = file("small.csv");
  const { sha256, manifest } = await identifyDataset({ csv, cacheFolder: file("cache") });
  const space = await loadSpace(file("tiny.json"));
  const settings = toySettings({
    data: { name: manifest.name, sha256, skipBadRows: false },
    space,
    pruner: "median",
    epochs: 3,
  });
  const bridge = await openBridge();
  const store = { journal: file("study/journal.log") };
  await bridge.call("create", { store, study: null, new: { name: "small", settings }, worker: 0 });
  await bridge.call("aim", { trials: 30 });
  for (;;) {
    const asked = await bridge.call("ask", {});
    if (asked.kind !== "trial") break;
    const { number, params } = asked;
    const peak = 0.6 - (Math.log10(Number(params["learningRate"])) + 2.5) ** 2;
    let prune = false;
    for (let step = 1; step <= 3 && !prune; step++) {
      await bridge.call("report", { number, step, value: peak - 0.1 / step });
      if (step < 3) ({ prune } = await bridge.call("shouldPrune", { number }));
    }
    const end = prune
      ? ({ state: "pruned", value: null } as const)
      : ({ state: "complete", value: peak - 0.1 / 3 } as const);
    await bridge.call("tell", { number, ...end, failure: null });
  }
  await bridge.close();
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-report-"));
  await writeSmallStudy(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(withoutPython("optuna", "sklearn", "optuna_dashboard"))("a study", () => {
  it("has a report in one HTML file, with the best settings and the defaults compared on PublicTest", async () => {
    await writeStudy();
    const flags = ["--out", "study", "--csv", "small.csv", "--seeds", "1", "--json", "report.json"];
    const { code, err } = await runCommand(folder, "report", ...flags);
    expect(code, err).toBe(0);
    const report = JSON.parse(await readFile(file("report.json"), "utf8")) as {
      importance: [string, number][];
      randomSearch: number[];
      comparison: { images: number; accuracies: Record<string, number[]>; interval: number[] };
      trials: object[];
    };
    expect(report.importance[0]![0]).toBe("learningRate");
    expect(report.randomSearch).toHaveLength(30);
    expect(report.comparison.images).toBe(officialSplit(smallSet).validation.length);
    expect(Object.keys(report.comparison.accuracies)).toEqual(["default", "tuned"]);
    const page = await readFile(file("study/report.html"), "utf8");
    const html = page.replace(/data:image[^"]*/g, "data:");
    expect(html.match(/(src|href)="(?!data:)|NaN|undefined/)).toBeNull();
    expect(html).toMatch(/Best settings compared with the defaults/);
    expect((await readdir(file("study/plots"))).sort()).toEqual([
      "curves.png",
      "history.png",
      "importance.png",
      "parallel.png",
      "slice-dropout.png",
      "slice-learningRate.png",
    ]);
    expect((await readdir(file("study/comparison"))).sort()[0]).toBe("default-seed-1");
  });

  it("is shown by optuna-dashboard until Ctrl-C", async () => {
    const running = start("bin.ts", ["dashboard", "--out", "study", "--port", "0"], folder);
    let address: string | undefined;
    while (address === undefined && running.child.exitCode === null) {
      address = /http:\S+(?=dashboard\/;)/.exec(running.out())?.[0];
      await sleep(50);
    }
    const answer = await fetch(`${address}api/studies`);
    const { study_summaries: studies } = (await answer.json()) as {
      study_summaries: { study_name: string }[];
    };
    expect(studies.map(({ study_name: name }) => name)).toEqual(["small"]);
    running.child.kill("SIGINT");
    expect(await running.ended, running.out() + running.err()).toBe(0);
  });
});
