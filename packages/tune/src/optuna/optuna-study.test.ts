import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runPython, withoutPython } from "@mien/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openBridge, type Bridge } from "./optuna-bridge.ts";
import type { Settings } from "../study-settings.ts";
import { checkSpace } from "../search-space.ts";
import { toySettings } from "../testing/studies.ts";

// Many processes start here, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

let folder: string;
let journal: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-bridge-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  journal = path.join(folder, `${Math.random()}.log`);
});

/** Opens the study of this test's journal. */
async function open(changes: Partial<Settings> = {}, trials = 10): Promise<Bridge> {
  const bridge = await openBridge();
  const settings = toySettings(changes);
  await bridge.call("create", {
    store: { journal },
    study: null,
    new: { name: "toy", settings },
    worker: 0,
  });
  await bridge.call("aim", { trials });
  return bridge;
}

async function ask(bridge: Bridge) {
  const asked = await bridge.call("ask", {});
  if (asked.kind !== "trial") throw new Error(`expected a trial, found "${asked.kind}"`);
  return asked;
}

/** Creates the study of this test's journal as another program would. */
function makeStudy(direction: "maximize" | "minimize", trials = 0): void {
  runPython(
    `
import optuna, sys
storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(sys.argv[1]))
study = optuna.create_study(study_name="toy", storage=storage, direction=sys.argv[2])
for _ in range(int(sys.argv[3])):
    study.ask()
print("null")
`,
    { args: [journal, direction, String(trials)] },
  );
}

/** Runs one trial whose value is a function of its parameters. */
async function runOne(bridge: Bridge, value: (x: number) => number): Promise<number> {
  const { number, params } = await ask(bridge);
  const result = value(Number(params["x"]));
  await bridge.call("tell", { number, state: "complete", value: result, failure: null });
  return number;
}

describe.skipIf(withoutPython("optuna"))("a study of Optuna", () => {
  it("has the same trials and the same best value as Optuna in Python with the same seed", async () => {
    const space = checkSpace(
      {
        name: "mixed",
        parameters: {
          learningRate: { type: "float", low: 1e-5, high: 0.1, log: true },
          dropout: { type: "float", low: 0, high: 0.9, step: 0.1 },
          kernelSize: { type: "int", low: 2, high: 5 },
          optimizer: { type: "categorical", choices: ["adam", "sgd"] },
        },
      },
      "mixed",
    );
    const value = (params: Record<string, unknown>) =>
      -((Math.log10(Number(params["learningRate"])) + 3) ** 2) -
      (Number(params["dropout"]) - 0.4) ** 2 -
      Math.abs(Number(params["kernelSize"]) - 3) +
      (params["optimizer"] === "adam" ? 1 : 0);
    const bridge = await open({ space }, 40);
    const found: unknown[] = [];
    for (let i = 0; i < 40; i++) {
      const { number, params } = await ask(bridge);
      found.push(params);
      await bridge.call("tell", {
        number,
        state: "complete",
        value: value(params),
        failure: null,
      });
    }
    const best = await bridge.call("best", {});
    await bridge.close();
    const expected = runPython(`
import json, math, optuna
optuna.logging.disable_default_handler()
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=7))
def objective(trial):
    rate = trial.suggest_float("learningRate", 1e-5, 0.1, log=True)
    dropout = trial.suggest_float("dropout", 0, 0.9, step=0.1)
    kernel = trial.suggest_int("kernelSize", 2, 5)
    optimizer = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    return -(math.log10(rate) + 3) ** 2 - (dropout - 0.4) ** 2 - abs(kernel - 3) + (optimizer == "adam")
study.optimize(objective, n_trials=40)
print(json.dumps({"params": [trial.params for trial in study.trials], "best": study.best_value}))
`) as { params: unknown[]; best: number };
    expect(found).toEqual(expected.params);
    expect(best?.value).toBeCloseTo(expected.best, 12);
  });

  it("draws other trials than the first ones when it is continued", async () => {
    const bridge = await open();
    const first = await ask(bridge);
    await bridge.call("tell", {
      number: first.number,
      state: "complete",
      value: 1,
      failure: null,
    });
    await bridge.close();
    const again = await open();
    const second = await ask(again);
    await again.close();
    expect(second.number).toBe(1);
    expect(second.params["x"]).not.toBe(first.params["x"]);
  });

  it("counts complete and pruned trials towards its target, but not failed ones", async () => {
    const bridge = await open({}, 2);
    await runOne(bridge, (x) => x);
    const { number } = await ask(bridge);
    expect(await bridge.call("ask", {})).toEqual({ kind: "wait" });
    const failed = { number, state: "failed", value: null, failure: "no luck" } as const;
    await bridge.call("tell", failed);
    const third = await ask(bridge);
    await bridge.call("report", { number: third.number, step: 1, value: 0.5 });
    await bridge.call("tell", {
      number: third.number,
      state: "pruned",
      value: null,
      failure: null,
    });
    expect(await bridge.call("ask", {})).toEqual({ kind: "done" });
    const { counts, ended } = await bridge.call("status", {});
    expect(counts).toMatchObject({ complete: 1, pruned: 1, failed: 1, running: 0 });
    expect(ended.map(({ failure }) => failure)).toEqual([null, "no luck", null]);
    expect((await bridge.call("status", {})).ended).toEqual([]);
    await bridge.close();
  });

  it("prunes trials that are worse than others, by median and by Hyperband", async () => {
    for (const pruner of ["median", "hyperband", "none"] as const) {
      journal = path.join(folder, `${pruner}.log`);
      const bridge = await open({ pruner, epochs: 9 }, 100);
      const verdicts: boolean[] = [];
      for (let i = 0; i < 20; i++) {
        const { number } = await ask(bridge);
        let prune = false;
        // Each trial is worse than the one before.
        for (let step = 1; step < 9 && !prune; step++) {
          await bridge.call("report", { number, step, value: 1 - i / 20 });
          ({ prune } = await bridge.call("shouldPrune", { number }));
        }
        verdicts.push(prune);
        const state = prune ? "pruned" : "complete";
        const value = prune ? null : 1 - i / 20;
        await bridge.call("tell", { number, state, value, failure: null });
      }
      await bridge.close();
      expect(verdicts[0]).toBe(false);
      expect(verdicts.some(Boolean)).toBe(pruner !== "none");
    }
  });

  it("repeats an interrupted trial with the same settings, but at most three times if its worker died", async () => {
    const bridge = await open();
    const first = await ask(bridge);
    await bridge.call("giveBack", { number: first.number, why: "interrupted" });
    const again = await ask(bridge);
    expect(again).toMatchObject({ retryOf: first.number, params: first.params });
    process.kill(bridge.pid, "SIGKILL");
    await expect(bridge.call("ask", {})).rejects.toThrow();
    let last = again.number;
    for (let retries = 1; retries <= 4; retries++) {
      const next = await open();
      const asked = await ask(next);
      const repeated = { retryOf: last, params: first.params };
      expect(asked).toMatchObject(retries <= 3 ? repeated : { retryOf: null });
      last = asked.number;
      process.kill(next.pid, "SIGKILL");
    }
  });

  it("accepts no report on a trial that another worker has ended", async () => {
    const bridge = await open();
    const { number } = await ask(bridge);
    const closed = runPython(
      `
import json, optuna, sys
storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(sys.argv[1]))
study = optuna.load_study(study_name="toy", storage=storage)
study.tell(int(sys.argv[2]), state=optuna.trial.TrialState.FAIL)
print(json.dumps(len(study.trials)))
`,
      { args: [journal, String(number)] },
    );
    expect(closed).toBe(1);
    const refused = { accepted: false };
    expect(await bridge.call("report", { number, step: 1, value: 1 })).toEqual(refused);
    const told = { number, state: "complete", value: 1, failure: null } as const;
    expect(await bridge.call("tell", told)).toEqual(refused);
    expect((await bridge.call("status", {})).counts).toMatchObject({ complete: 0, failed: 1 });
    await bridge.close();
  });

  it("is complete after a process was killed while it wrote a line", async () => {
    const bridge = await open();
    await runOne(bridge, (x) => x);
    await bridge.close();
    const before = await readFile(journal, "utf8");
    await appendFile(journal, before.split("\n").at(-2)!.slice(0, 40));
    const again = await open();
    await runOne(again, (x) => x);
    await again.close();
    const third = await open();
    expect((await third.call("status", {})).counts.complete).toBe(2);
    await third.close();
  });

  it("gets its settings from the next search if the first was killed before it stored them", async () => {
    makeStudy("maximize");
    const bridge = await open();
    expect((await ask(bridge)).number).toBe(0);
    await bridge.close();
  });

  it.each([
    ["has trials", "maximize", 1],
    ["minimises the value", "minimize", 0],
  ] as const)(
    "is not changed if another program made it and it %s",
    async (_, direction, asked) => {
      makeStudy(direction, asked);
      const bridge = await openBridge();
      const request = {
        store: { journal },
        study: "toy",
        new: { name: "toy", settings: toySettings() },
        worker: 0,
      };
      await expect(bridge.call("create", request)).rejects.toMatchObject({ kind: "foreign-study" });
      await bridge.close();
    },
  );

  it("has importances and an estimate of random search if there are enough trials", async () => {
    const parameters = {
      dropout: { type: "float", low: 0, high: 0.9 },
      l2: { type: "float", low: 0, high: 1 },
    };
    const space = checkSpace({ name: "two", parameters }, "two");
    const bridge = await open({ space, epochs: 2 }, 30);
    expect(await bridge.call("importance", {})).toBeNull();
    expect(await bridge.call("randomSearch", { trials: 5 })).toBeNull();
    for (let i = 0; i < 30; i++) {
      const { number, params } = await ask(bridge);
      const value = 1 - (Number(params["dropout"]) - 0.5) ** 2;
      await bridge.call("report", { number, step: 1, value: value / 2 });
      await bridge.call("report", { number, step: 2, value });
      await bridge.call("tell", { number, state: "complete", value, failure: null });
    }
    const importance = await bridge.call("importance", {});
    expect(importance?.[0]?.[0]).toBe("dropout");
    expect(importance?.[0]?.[1]).toBeGreaterThan(0.8);
    const random = (await bridge.call("randomSearch", { trials: 100 })) as number[];
    await bridge.close();
    // The expected value of one draw is 1 − E[(d − 0.5)²] = 1 − 0.07; the best is 1.
    expect(random[0]).toBeGreaterThan(0.9);
    expect(random[0]).toBeLessThan(0.96);
    expect(random.at(-1)).toBeGreaterThan(0.98);
    expect([...random].sort((a, b) => a - b)).toEqual(random);
  });
});
