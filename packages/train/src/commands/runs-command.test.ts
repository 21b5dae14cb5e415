import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { peerPython } from "@mien/bench";
import type { Terminal } from "@mien/cli";
import { isLong, programWords, runPython } from "@mien/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolveConfig } from "../config.ts";
import { lockRun } from "../run/run-lock.ts";
import { writeFinishedRun, type FinishedRun } from "../testing/finished-run.ts";
import { runCommand } from "../testing/run-command.ts";

let folder: string;
const file = (...parts: string[]) => path.join(folder, ...parts);
const run = (...argv: string[]) => runCommand(folder, "runs", ...argv);
const readJson = async (name: string) => JSON.parse(await readFile(file(name), "utf8")) as unknown;

/** The names of the listed runs, in their order. */
async function listed(...argv: string[]): Promise<string[]> {
  expect(await run(...argv, "--json", "list.json")).toMatchObject({ code: 0 });
  const { runs } = (await readJson("list.json")) as { runs: { name: string }[] };
  return runs.map(({ name }) => name);
}

/** Writes a run whose training was started on a day of November 2026; its images are 48×48. */
async function writeRun(
  name: string,
  about: FinishedRun & { readonly day: number; readonly settings?: object },
): Promise<string> {
  const { day, settings = {}, config, ...rest } = about;
  const place = await writeFinishedRun(file("artifacts/runs", name), {
    ...rest,
    config: {
      input: { height: 48, width: 48, channels: 1 },
      hyperparameters: resolveConfig({ epochs: 3, ...settings }),
      ...config,
    },
  });
  const date = new Date(2026, 10, day, 12);
  await utimes(path.join(place, "config.json"), date, date);
  await utimes(path.join(place, "history.jsonl"), date, date);
  return place;
}

/** Makes a finished run one that was stopped before its end. */
async function removeResults(place: string): Promise<void> {
  for (const name of ["metrics.json", "model"]) {
    await rm(path.join(place, name), { recursive: true });
  }
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-runs-"));
  await writeRun("first", { right: 30, day: 1, epochs: [[0.5, 1], [0.75, 0.5], [0.7, 0.6]] }); // prettier-ignore
  await writeRun("second-10", { right: 36, day: 3, settings: { learningRate: 0.1 }, epochs: [[0.9, 1]] }); // prettier-ignore
  await writeRun("second-9", {
    ...{ right: 20, day: 2, settings: { widths: [4, 8, 8, 8] } },
    ...{ epochs: [[0.4, 1], [0.5, 0.9]], config: { data: { name: "other", sha256: "1".repeat(64), path: "o.csv", licence: "" } } }, // prettier-ignore
  });
  await removeResults(file("artifacts/runs/second-9"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("train:runs", () => {
  it("lists state, figures and settings, which are compared with the newest run", async () => {
    const outcome = await run("--json", "all.json");
    expect(outcome).toMatchObject({ code: 0, err: "" });
    expect(outcome.out).toMatch(
      /^run +state +data +accuracy +95 % interval +macro-F1 +parameters +started +time +settings\nsecond-10 +finished +d +90\.00 % +76\.9 % – 96\.0 % +47\.37 % .* 2026-11-03 +1\.0 s +epochs 3, learningRate 0\.1\nsecond-9 +resumable, 2 of 3 epochs +other +– +– +– .* 2026-11-02 +2\.0 s +learningRate 0\.002, widths 4,8,8,8$/m,
    );
    const { runs, damaged } = (await readJson("all.json")) as Record<string, unknown[]>;
    expect(damaged).toEqual([]);
    expect(runs).toMatchObject([
      {
        ...{ name: "second-10", folder: "artifacts/runs/second-10", state: "finished" },
        validation: { accuracy: 0.9, macroF1: 18 / 38 },
        settings: { comparedWith: "defaults", differences: { epochs: "3", learningRate: "0.1" } },
      },
      {
        ...{ name: "second-9", state: "unfinished", epochs: { finished: 2, all: 3 }, seconds: 2 },
        ...{ validation: null, data: { name: "other" } },
      },
      {
        ...{ name: "first", parameters: 980455 - 5 * 257, seconds: 3, process: null },
        settings: { comparedWith: "second-10", differences: { learningRate: "0.002" } },
      },
    ]);
    expect(outcome.out).toMatch(
      /next {2}npx nx run train:compare artifacts\/runs\/second-10 artifacts\/runs\/first/,
    );
  });

  it("sorts by date, accuracy, name and cost, and lists only the names with a text", async () => {
    expect(await listed()).toEqual(["second-10", "second-9", "first"]);
    expect(await listed("--sort", "accuracy")).toEqual(["second-10", "first", "second-9"]);
    expect(await listed("--sort", "name")).toEqual(["first", "second-9", "second-10"]);
    expect(await listed("--sort", "cost")).toEqual(["first", "second-9", "second-10"]);
    expect(await listed("sec")).toEqual(["second-10", "second-9"]);
    const none = await run("third");
    expect(none.out).toMatch(/^none of the 3 runs in artifacts\/runs has "third" in its name\n$/);
  });

  it("names a process that trains in a run at present", async () => {
    const release = await lockRun(file("artifacts/runs/second-9"));
    const outcome = await run("second-9", "--json", "one.json");
    await release();
    expect(outcome.out).toMatch(/training, 2 of 3 epochs[^]*settings: those .* the defaults/);
    expect(await readJson("one.json")).toMatchObject({
      runs: [{ state: "training", process: process.pid }],
    });
  });

  it("names damaged and half-written runs with the reasons, and lists the others", async () => {
    const broken = file("broken");
    for (const name of ["good", "config", "fields", "history", "metrics"]) {
      await writeFinishedRun(path.join(broken, name), { right: 30, epochs: [[0.5, 1]] });
    }
    await mkdir(path.join(broken, "empty"));
    await mkdir(path.join(broken, ".hidden"));
    await writeFile(path.join(broken, "notes.txt"), "");
    await writeFile(path.join(broken, "config/config.json"), '{"name": "con');
    const config = (await readJson("broken/fields/config.json")) as object;
    await writeFile(
      path.join(broken, "fields/config.json"),
      JSON.stringify({ ...config, classes: 7 }),
    );
    await writeFile(path.join(broken, "history/history.jsonl"), '{"epoch": 1}\n{"ep');
    await writeFile(path.join(broken, "metrics/metrics.json"), "{}");
    const outcome = await run("--runs", "broken", "--json", "broken.json");
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.out).toMatch(/^good +finished/m);
    expect(outcome.err.trim().split("\n")).toEqual([
      expect.stringMatching(/^broken\/config is left out: broken\/config\/config\.json .*JSON/),
      "broken/empty is left out: it has no config.json",
      "broken/fields is left out: broken/fields/config.json has no valid classes",
      expect.stringMatching(
        /^broken\/history is left out: broken\/history\/history\.jsonl, line 2/,
      ),
      expect.stringMatching(
        /^broken\/metrics is left out: broken\/metrics\/metrics\.json does not/,
      ),
    ]);
    const { damaged } = (await readJson("broken.json")) as { damaged: { name: string }[] };
    expect(damaged.map(({ name }) => name)).toEqual(["config", "empty", "fields", "history", "metrics"]); // prettier-ignore
  });

  it("says how to train if there are no runs, and refuses what is no folder of runs", async () => {
    await mkdir(file("empty/artifacts/runs"), { recursive: true });
    for (const place of ["empty", "empty/artifacts"]) {
      const outcome = await runCommand(file(place), "runs");
      expect(outcome).toMatchObject({ code: 0, err: "" });
      expect(outcome.out).toBe(
        "there are no training runs in artifacts/runs\nnext  npx nx run train:fit  train a first run\n",
      );
    }
    expect(await run("--runs", "nowhere")).toMatchObject({
      ...{ code: 1, err: "error: there is no folder nowhere\n" },
    });
    expect(await run("--runs", "artifacts/runs/first")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/is a run, not a folder of runs\nName .*artifacts\/runs\.\n/) as string, // prettier-ignore
    });
  });

  it("loads no TensorFlow", async () => {
    await writeFile(
      file("spy.cjs"),
      `process.on("exit", () => process.stderr.write(
        Object.keys(require.cache).some((file) => file.includes("tfjs-node")) ? "[tensorflow]" : "[light]"));`,
    );
    const [node, ...words] = programWords(path.join(import.meta.dirname, "../bin.ts"), {
      nodeFlags: ["--require", file("spy.cjs")],
    });
    const argv = [...words, "runs", "--mlflow", "light"];
    const { status, stderr } = spawnSync(node, argv, { cwd: folder, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "[light]" });
  });
});

/** Paths of all files in a folder, relative to it. */
const filesIn = (place: string) =>
  readdirSync(file(place), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(file(place), path.join(entry.parentPath, entry.name)))
    .sort();

describe("train:runs --mlflow", () => {
  it("writes the same files again if it is repeated, and no others", async () => {
    const outcome = await run("--mlflow", "twice");
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.out).toMatch(
      /wrote twice \(3 runs for MLflow\)\nnext {2}MLFLOW_ALLOW_FILE_STORE=true .* mlflow ui --backend-store-uri twice /,
    );
    const before = filesIn("twice");
    expect(before.filter((name) => name.endsWith("meta.yaml"))).toHaveLength(2 + 3);
    expect(await run("--mlflow", "twice")).toMatchObject({ code: 0 });
    expect(filesIn("twice")).toEqual(before);
  });

  it("refuses a folder that holds something else, and writes nothing", async () => {
    const outcome = await run("--mlflow", "artifacts/runs");
    expect(outcome).toMatchObject({ code: 1, out: "" });
    expect(outcome.err).toMatch(/found first in it, which is no experiment of MLflow\nName a new/);
    expect(readdirSync(file("artifacts/runs"))).toEqual(["first", "second-10", "second-9"]);
  });

  it("keeps the earlier copy of a run that cannot be written", async () => {
    expect(await run("first", "--mlflow", "whole")).toMatchObject({ code: 0 });
    const before = filesIn("whole");
    await mkdir(file("artifacts/runs/first/folder.png"));
    const outcome = await run("first", "--mlflow", "whole");
    await rm(file("artifacts/runs/first/folder.png"), { recursive: true });
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.err).toMatch(/^error: cannot write whole\/\d+\/[0-9a-f]{32}/);
    expect(filesIn("whole")).toEqual(before);
  });
});

/** Lists what MLflow reads from a store, after it has tagged the run `first` and made an experiment. */
const MLFLOW = `
import json, os, sys
os.environ.update(MLFLOW_ALLOW_FILE_STORE="true", MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
from mlflow import MlflowClient
store, tag, experiment = sys.argv[1:]
client = MlflowClient("file:" + store)
if experiment: client.create_experiment(experiment)
found = {}
for experiment in client.search_experiments():
    for run in client.search_runs([experiment.experiment_id]):
        if tag and run.info.run_name == "first":
            client.set_tag(run.info.run_id, "remark", tag)
        history = lambda key: [[point.step, point.value, point.timestamp]
                               for point in client.get_metric_history(run.info.run_id, key)]
        found[run.info.run_name] = dict(
            id=run.info.run_id, experiment=experiment.name, status=run.info.status,
            start=run.info.start_time, end=run.info.end_time, params=run.data.params,
            metrics=run.data.metrics, tags=run.data.tags,
            curve=history("validation_accuracy"),
            artifacts=sorted(one.path for one in client.list_artifacts(run.info.run_id)))
print(json.dumps(found))`;

// MLflow needs 30 packages, which are too many for the environment of the set-up.
describe.skipIf(!process.env["CI"] && !isLong)(
  "the real MLflow (only with CI or MIEN_LONG, because it is installed for this test)",
  () => {
    const oddName = "ünï: \u{1f642} #1";
    let before: Record<string, Record<string, unknown>>;
    let after: typeof before;
    beforeAll(async () => {
      const progress = () => ({ update: () => undefined, stop: () => undefined });
      const terminal = { say: () => undefined, progress } as unknown as Terminal;
      const python = await peerPython(["mlflow-skinny==3.17.2"], { terminal });
      const read = (...args: string[]) =>
        runPython(MLFLOW, { args: [file("store"), ...args], python }) as typeof before;
      const release = await lockRun(file("artifacts/runs/second-9"));
      await listed("--mlflow", "store");
      await release();
      before = read("my remark", "made by MLflow");
      await writeFinishedRun(file("odd", oddName), {
        right: 1,
        config: { data: { name: "made by MLflow", sha256: "2".repeat(64), path: "", licence: "" } },
      });
      await listed("--mlflow", "store");
      await listed("--runs", "odd", "--mlflow", "store");
      after = read("", "");
    }, 300_000);

    it("reads the parameters, curves and final metrics of each run", () => {
      const noon = new Date(2026, 10, 1, 12).getTime();
      expect(before).toMatchObject({
        first: {
          ...{ experiment: "d", status: "FINISHED", start: noon, end: noon },
          params: { epochs: "3", widths: "32,64,128,256", seed: "1", data_sha256: "0".repeat(64) },
          curve: [
            [1, 0.5, noon - 2000],
            [2, 0.75, noon - 1000],
            [3, 0.7, noon],
          ],
          metrics: {
            ...{ validation_accuracy: 0.7, final_validation_accuracy: 0.75, training_seconds: 3 },
          },
          artifacts: ["calibration.json", "config.json", "history.jsonl", "metrics.json"],
        },
        "second-10": { experiment: "d", params: { learningRate: "0.1" } },
        "second-9": { experiment: "other", status: "RUNNING", end: null },
      });
    });

    it("has the same runs after a repetition, updated, with the tags that were added in MLflow", () => {
      expect(Object.keys(after).sort()).toEqual([...Object.keys(before), oddName].sort());
      expect(after["second-9"]).toMatchObject({ status: "KILLED", id: before["second-9"]?.["id"] });
      expect(after["first"]).toMatchObject({ ...before["first"], tags: { remark: "my remark" } });
    });

    it("gets a run into its own experiment with the name of the data set, whatever the run's name", () => {
      const odd = { experiment: "made by MLflow", tags: { "mlflow.runName": oddName } };
      expect(after[oddName]).toMatchObject(odd);
      const experiments = readdirSync(file("store")).filter((entry) => /^\d+$/.test(entry));
      // MLflow makes no default experiment in a folder that exists.
      expect(experiments).toHaveLength(3);
    });
  },
);
