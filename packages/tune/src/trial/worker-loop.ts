import { setTimeout as sleep } from "node:timers/promises";
import { MienError } from "@mien/format";
import type { Bridge } from "../optuna/optuna-bridge.ts";
import type { Result, Status } from "../optuna/optuna-protocol.ts";
import type { Outcome, TrialContext } from "./run-trial.ts";
import type { Params } from "../search-space.ts";

/** A trial for this worker. */
export type Asked = Omit<Extract<Result<"ask">, { kind: "trial" }>, "kind"> & {
  readonly params: Params;
};

/** The options of `work`. */
export interface WorkOptions {
  readonly bridge: Bridge;
  /** Number of epochs of a trial that is not pruned. The pruner is not asked after the last epoch. */
  readonly epochs: number;
  /** Runs one trial. */
  readonly run: (trial: Asked, context: TrialContext) => Promise<Outcome>;
  /** Stops the worker; the running trial is returned to the study. */
  readonly signal: AbortSignal;
  readonly onStart?: (trial: Asked) => void;
  readonly onProgress?: (trial: Asked, epoch: number, share: number) => void;
  /** Called whenever a trial has ended, in this worker or another. */
  readonly onStatus?: (status: Status) => void | Promise<void>;
}

/** Number of failures in a row after which the worker stops. */
const MOST_FAILURES = 10;

/** Interval in which an idle worker asks for a trial, in milliseconds. */
const WAITING = 500;

/**
 * Runs trials of a study until the target number is complete or pruned.
 *
 * @returns true when the target is reached, false if the signal fires.
 * @throws {MienError} `environment` if the Python side breaks, or ten trials in a row fail.
 */
export async function work(options: WorkOptions): Promise<boolean> {
  const { bridge, epochs, signal } = options;
  let failures = 0;
  const showStatus = async () => options.onStatus?.(await bridge.call("status", {}));
  await showStatus();
  while (!signal.aborted) {
    const asked = await bridge.call("ask", {});
    if (asked.kind === "wait") {
      await showStatus();
      await sleep(WAITING, undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (asked.kind === "done") {
      await showStatus();
      return true;
    }
    const { number } = asked;
    options.onStart?.(asked);
    const outcome = await options.run(asked, {
      signal,
      report: async (step, value) => {
        const { accepted } = await bridge.call("report", { number, step, value });
        // Other workers assumed that this worker had ended, and repeat the trial, so it ends here.
        if (!accepted) return true;
        if (step >= epochs) return false;
        return (await bridge.call("shouldPrune", { number })).prune;
      },
      onProgress: (epoch, share) => options.onProgress?.(asked, epoch, share),
    });
    if (outcome.state === "interrupted") {
      await bridge.call("giveBack", { number, why: "it was interrupted" });
      await showStatus();
      continue;
    }
    await bridge.call("tell", {
      number,
      state: outcome.state,
      value: outcome.state === "complete" ? outcome.value : null,
      failure: outcome.state === "failed" ? outcome.why : null,
    });
    await showStatus();
    failures = outcome.state === "failed" ? failures + 1 : 0;
    if (outcome.state === "failed" && failures >= MOST_FAILURES) {
      throw new MienError(
        "environment",
        `${failures} trials in a row failed; the last one because ${outcome.why}`,
        {
          advice:
            "Remove that cause, or choose another space; then repeat the command to continue.",
        },
      );
    }
  }
  return false;
}
