import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MienError } from "@mien/format";
import { z } from "zod";
import { findPython, openBridge, PYTHON_FOLDER, type Bridge } from "../optuna/optuna-bridge.ts";
import type { Settings } from "../study-settings.ts";
import type { Params, Space } from "../search-space.ts";
import { work } from "../trial/worker-loop.ts";

/** How a way of running many quick trials went. */
export interface Timed {
  readonly seconds: number;
  /** The best value that was found. */
  readonly best: number;
}

/** A cheap function over the study case's space; 1 at its best. */
export function testFunction(params: Params): number {
  const rate = Number(params["learningRate"]) - 0.02;
  const dropout = Number(params["dropout"]) - 0.3;
  const kernel = Number(params["kernelSize"]) - 3;
  const batch = params["batchSize"] === 64 ? 0 : 0.1;
  return 1 - (100 * (rate * rate) + dropout * dropout + 0.1 * (kernel * kernel) + batch);
}

/** What both ways are given. */
export interface QuickStudy {
  /** A journal that is not there yet. */
  readonly journal: string;
  readonly space: Space;
  readonly seed: number;
  readonly trials: number;
}

/** Settings of a study that trains nothing. */
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

/** Runs a study of the test function as a search does, except for the processes of its trials. */
export async function timeBridge(quick: QuickStudy, signal: AbortSignal): Promise<Timed> {
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
    const seconds = (performance.now() - start) / 1000;
    return { seconds, best: (await bridge.call("best", {}))?.value ?? NaN };
  } finally {
    await bridge.close();
  }
}

/**
 * Runs the same study by Optuna alone, in Python.
 *
 * @throws {MienError} `environment` if Python fails.
 */
export async function timePlainOptuna(quick: QuickStudy, signal: AbortSignal): Promise<Timed> {
  const { journal, space, seed, trials } = quick;
  const script = path.join(PYTHON_FOLDER, "plain_optuna.py");
  const child = spawn(findPython(), ["-E", "-s", script], { signal });
  child.on("error", () => undefined);
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on("error", () => undefined);
  const { parameters } = space;
  child.stdin.end(`${JSON.stringify({ journal, parameters, seed, trials })}\n`);
  const [code] = (await once(child, "close")) as [number | null];
  if (signal.aborted) throw new MienError("interrupted", "the benchmark was stopped");
  if (code !== 0) throw new MienError("environment", `Optuna failed by itself:\n${err}`);
  return z.object({ seconds: z.number(), best: z.number() }).parse(JSON.parse(out));
}

/**
 * Seconds in which so many workers finish a study whose trials are a sleep.
 *
 * @param given.milliseconds of a trial.
 */
export async function timeWorkers(
  quick: QuickStudy,
  given: { readonly workers: number; readonly milliseconds: number; readonly signal: AbortSignal },
): Promise<number> {
  const { workers, milliseconds, signal } = given;
  const bridges = [await openQuick(quick)];
  while (bridges.length < workers) bridges.push(await openQuick(quick));
  const start = performance.now();
  const lane = (bridge: Bridge) =>
    work({
      bridge,
      epochs: 1,
      signal,
      run: async ({ params }) => {
        await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
        return { state: "complete", value: testFunction(params) };
      },
    });
  await Promise.all(bridges.map(lane)).finally(() =>
    Promise.all(bridges.map((bridge) => bridge.close())),
  );
  return (performance.now() - start) / 1000;
}
