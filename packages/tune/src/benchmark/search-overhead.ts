import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Contender, openJsonProcess, type Turn } from "@mien/bench";
import { z } from "zod";
import { findPython, openBridge, PYTHON_FOLDER, type Bridge } from "../optuna/optuna-bridge.ts";
import type { Settings } from "../study-settings.ts";
import type { Params, Space } from "../search-space.ts";
import { work } from "../trial/worker-loop.ts";

/** One turn runs a whole study; `durations` holds its time. */
export interface StudyTurn extends Turn {
  /** The best value of the study. */
  readonly best: number;
}

/** A cheap function of the parameters of the space study-case; its maximum is 1. */
function testFunction(params: Params): number {
  const rate = Number(params["learningRate"]) - 0.02;
  const dropout = Number(params["dropout"]) - 0.3;
  const kernel = Number(params["kernelSize"]) - 3;
  const batch = params["batchSize"] === 64 ? 0 : 0.1;
  return 1 - (100 * (rate * rate) + dropout * dropout + 0.1 * (kernel * kernel) + batch);
}

/** A study whose trials train nothing. */
interface QuickStudy {
  /** Path of a journal that does not exist yet. */
  readonly journal: string;
  readonly space: Space;
  readonly seed: number;
  readonly trials: number;
}

function settingsOf(space: Space, seed: number): Settings {
  const data = { name: "none", sha256: "", skipBadRows: false };
  return { data, space, pruner: "none", epochs: 1, subset: 1, seed, code: "" };
}

async function openQuick({ journal, space, seed, trials }: QuickStudy): Promise<Bridge> {
  const bridge = await openBridge();
  await bridge.call("create", {
    store: { journal },
    study: null,
    new: { name: "benchmark", settings: settingsOf(space, seed) },
    worker: 0,
  });
  await bridge.call("aim", { trials });
  return bridge;
}

/** Runs a study of the test function like a search, but without a process for each trial. */
export function bridgeContender(quick: QuickStudy, signal: AbortSignal): Contender<StudyTurn> {
  return {
    name: "mien's search",
    async turn() {
      const bridge = await openQuick(quick);
      try {
        const start = performance.now();
        await work({
          bridge,
          epochs: 1,
          signal,
          run: async ({ params }, { report }) => {
            const value = testFunction(params);
            await report(1, value);
            return { state: "complete", value };
          },
        });
        const durations = [performance.now() - start];
        return { durations, best: (await bridge.call("best", {}))?.value ?? NaN };
      } finally {
        await bridge.close();
      }
    },
  };
}

const PLAIN_RESULT = z.object({ seconds: z.number(), best: z.number() });

/**
 * Runs the same study with Optuna alone, in Python. A turn throws {MienError} `environment` if
 * Python fails, and `interrupted` if the signal fires.
 */
export function plainContender(quick: QuickStudy, signal: AbortSignal): Contender<StudyTurn> {
  return {
    name: "Optuna in Python",
    async turn() {
      const { journal, space, seed, trials } = quick;
      const script = path.join(PYTHON_FOLDER, "plain_optuna.py");
      const args = ["-E", "-s", script];
      const optuna = openJsonProcess(findPython(), { name: "Optuna", args, signal });
      try {
        const { parameters } = space;
        const question = { journal, parameters, seed, trials };
        const { seconds, best } = await optuna.ask(question, PLAIN_RESULT);
        return { durations: [1000 * seconds], best };
      } finally {
        await optuna.close();
      }
    },
  };
}

/**
 * Runs a study whose trials only sleep, with one or more workers.
 *
 * @param options.milliseconds duration of a trial.
 */
export function sleepContender(
  quick: QuickStudy,
  options: {
    readonly workers: number;
    readonly milliseconds: number;
    readonly signal: AbortSignal;
  },
): Contender {
  const { workers, milliseconds, signal } = options;
  const runTrials = (bridge: Bridge) =>
    work({
      bridge,
      epochs: 1,
      signal,
      run: async ({ params }) => {
        await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
        return { state: "complete", value: testFunction(params) };
      },
    });
  return {
    name: workers === 1 ? "one worker" : `${workers} workers`,
    async turn() {
      const bridges = [await openQuick(quick)];
      while (bridges.length < workers) bridges.push(await openQuick(quick));
      const start = performance.now();
      await Promise.all(bridges.map(runTrials)).finally(() =>
        Promise.all(bridges.map((bridge) => bridge.close())),
      );
      return { durations: [performance.now() - start] };
    },
  };
}
