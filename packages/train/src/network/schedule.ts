import type { TrainConfig } from "../config.ts";

/**
 * The hyperparameters of the learning rate.
 *
 * @internal exported for tests.
 */
export type Schedule = Pick<TrainConfig, "learningRate" | "schedule" | "warmup" | "decay">;

/**
 * The learning rate of a step. It rises linearly during the warm-up, then falls: by inverse time, as
 * in Keras' legacy optimisers (counted from the first step), or along half a cosine to 0 (Loshchilov
 * & Hutter 2017, without restarts). A cosine with a warm-up of 0.3 is the one-cycle policy (Smith
 * & Topin 2018) with constant momentum.
 *
 * @param step 0 for the first.
 * @param steps of the whole training.
 */
export function learningRateAt(step: number, steps: number, config: Schedule): number {
  const { learningRate, schedule, decay } = config;
  const warmup = Math.floor(config.warmup * steps);
  const rise = step < warmup ? (step + 1) / (warmup + 1) : 1;
  if (schedule === "inverse-time") return (rise * learningRate) / (1 + decay * step);
  const done = Math.max(0, step - warmup) / Math.max(1, steps - warmup);
  return rise * learningRate * 0.5 * (1 + Math.cos(Math.PI * done));
}
