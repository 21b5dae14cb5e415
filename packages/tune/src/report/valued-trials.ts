import type { Trial } from "../optuna/optuna-protocol.ts";

/** Trials with a value, in the order of their numbers. */
export function valued(trials: readonly Trial[]): (Trial & { value: number })[] {
  return trials.filter(
    (trial): trial is Trial & { value: number } =>
      (trial.state === "complete" || trial.state === "pruned") && trial.value !== null,
  );
}
