import { fork } from "node:child_process";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { TrialMessage, TrialRequest } from "./trial-messages.ts";

/** The outcome of a trial. */
export type Outcome =
  /** The highest accuracy of any epoch, 0–1, because `train:fit` keeps the best epoch too. */
  | { readonly state: "complete"; readonly value: number }
  | { readonly state: "pruned" }
  | { readonly state: "failed"; readonly why: string }
  | { readonly state: "interrupted" };

/** The functions and the signal that a search gives to its trials. */
export interface TrialContext {
  /** Stores the accuracy of an epoch; returns whether to prune the trial. */
  readonly report: (epoch: number, value: number) => Promise<boolean>;
  /** Ends the trial at once. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((epoch: number, share: number) => void) | undefined;
}

/** Time without a message after which a trial counts as stalled, in milliseconds. */
const STALLED = 10 * 60_000;

/** Number of characters that are kept of a trial's error output, from its end. */
const KEPT = 4000;

// The extension is .ts in the sources, which a loader runs, and .js in the build.
const PROCESS = path.join(
  import.meta.dirname,
  `trial-process${path.extname(import.meta.filename)}`,
);

/**
 * Trains one configuration in a child process.
 *
 * @returns the outcome; failures of the process are part of it and not thrown.
 * @throws what `report` throws; the process is ended then.
 */
export async function runTrial(request: TrialRequest, context: TrialContext): Promise<Outcome> {
  const { signal } = context;
  if (signal.aborted) return { state: "interrupted" };
  const child = fork(PROCESS, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let complaints = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-KEPT);
  });
  let outcome: Outcome | undefined;
  /** Ends the trial for a reason; only the first reason counts. */
  const end = (reason: Outcome) => {
    outcome ??= reason;
    child.kill("SIGKILL");
  };
  const interrupt = () => end({ state: "interrupted" });
  signal.addEventListener("abort", interrupt);
  const stalled = setTimeout(
    () => end({ state: "failed", why: `it sent nothing for ${STALLED / 60_000} minutes` }),
    STALLED,
  );

  let best = -Infinity;
  let broken: Error | undefined;
  let handled = Promise.resolve();
  const handle = async (message: TrialMessage): Promise<void> => {
    if (outcome) return;
    if (message.kind === "progress") {
      context.onProgress?.(message.epoch, message.share);
    } else if (message.kind === "failed") {
      outcome = { state: "failed", why: `${message.code}: ${message.message}` };
    } else if (message.kind === "done") {
      outcome = Number.isFinite(best)
        ? { state: "complete", value: best }
        : { state: "failed", why: "it reported no accuracy" };
    } else {
      best = Math.max(best, message.accuracy);
      const prune = await context.report(message.epoch, message.accuracy);
      if (prune) end({ state: "pruned" });
    }
  };
  child.on("message", (message) => {
    stalled.refresh();
    handled = handled
      .then(() => handle(message as TrialMessage))
      .catch((error: unknown) => {
        broken ??= error instanceof Error ? error : new Error(String(error));
        end({ state: "interrupted" });
      });
  });
  const how = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, killed) => resolve(killed ?? `code ${code ?? 1}`));
    child.send(request, () => undefined);
  });
  clearTimeout(stalled);
  signal.removeEventListener("abort", interrupt);
  await handled;
  await rm(request.folder, { recursive: true, force: true });
  if (broken !== undefined) throw broken;
  return outcome ?? { state: "failed", why: crashOf(how, complaints) };
}

/** The reason why a process ended without a message. */
function crashOf(how: string, complaints: string): string {
  if (/heap out of memory|bad_alloc|OOM|RESOURCE_EXHAUSTED/.test(complaints)) {
    return `its memory ran out (${how})`;
  }
  const last = complaints.trim().split("\n").at(-1) ?? "";
  const killed = how === "SIGKILL" ? ", perhaps by the system because memory ran out" : "";
  return `its process ended with ${how}${killed}${last === "" ? "" : `: ${last}`}`;
}
