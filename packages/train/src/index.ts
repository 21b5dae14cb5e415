import type { finishRun as finishRunFunction } from "./finish.ts";
import type { fit as fitFunction } from "./fit.ts";
import type { recountReleased as recountFunction } from "./release/recount-release.ts";
import type { TrainedModel } from "./network/trained-model.ts";

export * from "./config.ts";
export { inputsKey, trainingCode, type RunInputs } from "./run/run-inputs.ts";
export { readRunMetrics } from "./run/run-metrics.ts";
export { predictedClasses } from "./score/predicted-classes.ts";
export type { TrainedModel } from "./network/trained-model.ts";

/*
 * TensorFlow takes a second and 200 MB to load, so the functions below load it on their first call.
 */

/** Trains the network, or resumes from a checkpoint; see `fit` in fit.ts. */
export const fit: typeof fitFunction = async (options) => (await import("./fit.ts")).fit(options);

/** Writes the results of a finished training into its run folder; see `finishRun` in finish.ts. */
export const finishRun: typeof finishRunFunction = async (result, run) =>
  (await import("./finish.ts")).finishRun(result, run);

/** Measures released models without near-copies; see `recountReleased` in recount-release.ts. */
export const recountReleased: typeof recountFunction = async (folder, given) =>
  (await import("./release/recount-release.ts")).recountReleased(folder, given);

/** Opens the model of a finished run; see `openTrainedModel` in trained-model.ts. */
export async function openTrainedModel(runFolder: string): Promise<TrainedModel> {
  return (await import("./network/trained-model.ts")).openTrainedModel(runFolder);
}
