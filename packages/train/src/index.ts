import type { fit as fitFunction } from "./fit.ts";
import type { finishRun as finishRunFunction } from "./finish.ts";
import type { TrainedModel } from "./network/trained-model.ts";

export * from "./config.ts";
export * from "./score/metrics.ts";
export * from "./run/run.ts";
export type { FitOptions, FitProgress, FitResult } from "./fit.ts";
export type { TrainedModel } from "./network/trained-model.ts";

/*
 * TensorFlow takes a second and 200 MB to load, so what needs it is loaded by the first call.
 */

/** See `fit` in fit.ts: trains the network, or goes on where a checkpoint ends. */
export const fit: typeof fitFunction = async (options) => (await import("./fit.ts")).fit(options);

/** See `finishRun` in finish.ts: turns a finished training into the rest of its run folder. */
export const finishRun: typeof finishRunFunction = async (result, run) =>
  (await import("./finish.ts")).finishRun(result, run);

/** See `openTrainedModel` in trained-model.ts: opens the model of a finished run. */
export async function openTrainedModel(runFolder: string): Promise<TrainedModel> {
  return (await import("./network/trained-model.ts")).openTrainedModel(runFolder);
}
