import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { random } from "@mien/format";
import { programWords, type Ran } from "@mien/testing";
import { openBridge, type Bridge } from "../optuna/optuna-bridge.ts";
import type { StorePlace, Trial } from "../optuna/optuna-protocol.ts";
import type { Outcome, TrialContext } from "../trial/run-trial.ts";
import { work, type Asked } from "../trial/worker-loop.ts";

/** Lets child processes of this process run TypeScript, as child processes of a command can. */
export function forkTypeScript(): void {
  process.execArgv = programWords("bin.ts", { sources: true }).slice(1, -1);
}

/** Runs a command of this package in a folder, in a process of its own. */
export async function runCommand(folder: string, ...words: readonly string[]): Promise<Ran> {
  const { ended, out, err } = start("bin.ts", words, folder);
  return { code: (await ended) ?? "killed", out: out(), err: err() };
}

/** A process and its output. */
export interface Running {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

/** Starts a TypeScript file of this package. */
export function start(file: string, args: readonly string[], cwd?: string): Running {
  const [node, ...words] = programWords(path.resolve(import.meta.dirname, "..", file));
  const child = spawn(node, [...words, ...args], { cwd });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (printed[name] += text));
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, out: () => printed.stdout, err: () => printed.stderr, ended };
}

/**
 * Runs a study of sleeping trials to its end, in several worker processes. Kills some workers
 * during a trial and starts a new worker in place of each.
 *
 * @throws {Error} if a worker failed that was not killed.
 */
export async function runWorkers(given: {
  readonly store: StorePlace;
  readonly study: string;
  readonly workers: number;
  /** Duration of a trial. */
  readonly milliseconds: number;
  readonly kills?: number;
}): Promise<void> {
  const { store, study, milliseconds, kills = 0 } = given;
  const startOne = (number: number) =>
    start("testing/sleep-worker.ts", [
      JSON.stringify(store),
      study,
      String(milliseconds),
      String(number),
    ]);
  const all = Array.from({ length: given.workers }, (_, i) => startOne(i + 1));
  const killed = new Set<Running>();
  const isBusy = (worker: Running) =>
    worker.child.exitCode === null && !killed.has(worker) && /begins \d+\n$/.test(worker.out());
  while (killed.size < kills) {
    await sleep(milliseconds / 10);
    const victim = all.find(isBusy);
    if (victim === undefined) continue;
    killed.add(victim);
    victim.child.kill("SIGKILL");
    all.push(startOne(all.length + 1));
  }
  for (const worker of all) {
    const code = await worker.ended;
    if (code !== 0 && !killed.has(worker))
      throw new Error(`a worker failed:\n${worker.out() + worker.err()}`);
  }
}

/**
 * Like `runWorkers`, but the workers run inside this process. Some of their Python processes are
 * killed.
 *
 * @param given.pause the longest time between two kills, in milliseconds.
 */
export async function runLanes(given: {
  readonly store: StorePlace;
  readonly study: string;
  readonly workers: number;
  readonly milliseconds: number;
  readonly kills: number;
  readonly pause: number;
}): Promise<void> {
  const { store, study, milliseconds } = given;
  const stream = random("kills");
  const busy = new Set<Bridge>();
  let number = 0;
  let left = given.kills;
  let done = false;
  const lane = async (): Promise<void> => {
    for (;;) {
      const bridge = await openBridge();
      try {
        await bridge.call("create", { store, study, new: null, worker: ++number });
        const run = async ({ params }: Asked, { report }: TrialContext): Promise<Outcome> => {
          busy.add(bridge);
          await sleep(milliseconds);
          const value = 1 - Number(params["x"]) ** 2;
          await report(1, value);
          busy.delete(bridge);
          return { state: "complete", value };
        };
        await work({ bridge, epochs: 1, run, signal: new AbortController().signal });
        return await bridge.close();
      } catch (error) {
        busy.delete(bridge);
        if (!/ended with SIGKILL/.test(String(error))) throw error;
      }
    }
  };
  const killer = async (): Promise<void> => {
    while (left > 0 && !done) {
      await sleep(stream.between(0, given.pause));
      const victims = [...busy];
      const victim = victims[stream.integer(victims.length)];
      if (victim === undefined) continue;
      left--;
      process.kill(victim.pid, "SIGKILL");
    }
  };
  const lanes = Promise.all(Array.from({ length: given.workers }, lane));
  await Promise.all([killer(), lanes.finally(() => (done = true))]);
}

/**
 * Faults in the trials of a finished study: trials that were interrupted and never repeated, repeated
 * with other settings, or finished more than once.
 */
export function faultsOf(trials: readonly Trial[]): string[] {
  const faults: string[] = [];
  const repeats = new Map<number, Trial[]>();
  for (const trial of trials) {
    if (trial.retryOf !== null) {
      repeats.set(trial.retryOf, [...(repeats.get(trial.retryOf) ?? []), trial]);
    }
    if (trial.state === "running" || trial.state === "waiting") {
      faults.push(`${trial.number} is ${trial.state}`);
    }
  }
  for (const trial of trials) {
    const again = repeats.get(trial.number) ?? [];
    if (trial.state === "interrupted" && again.length !== 1) {
      faults.push(`${trial.number} was repeated ${again.length} times`);
    }
    if (trial.state !== "interrupted" && again.length > 0) faults.push(`${trial.number} ran on`);
    for (const other of again) {
      if (other.params["x"] !== trial.params["x"]) faults.push(`${other.number} differs`);
    }
  }
  return faults;
}
