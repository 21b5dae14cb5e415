import type { RunConfig } from "@mien/format";

/** What a model learns and is fitted to, in words. `voteShare`: share of the FER+ votes in it, 0–1. */
export function targetOf(voteShare: number): string {
  if (voteShare === 0) return "the data set's labels";
  if (voteShare === 1) return "the FER+ votes";
  return `labels and FER+ votes, ${Math.round(100 * (1 - voteShare))} to ${Math.round(100 * voteShare)}`;
}

/** The share of the votes in what a run learnt, 0–1. */
export function voteShareOf({ hyperparameters }: Pick<RunConfig, "hyperparameters">): number {
  return Number(hyperparameters["voteShare"] ?? 0);
}

/** What makes a run's training loss another measure than its validation loss; empty for nothing. */
export function trainingExtras({ hyperparameters }: Pick<RunConfig, "hyperparameters">): string {
  const names = {
    labelSmoothing: "label smoothing",
    distillation: "a teacher's answers",
    mixup: "mixup",
    logitAdjustment: "logit adjustment",
  };
  const used = Object.entries(names).filter(([key]) => Number(hyperparameters[key] ?? 0) > 0);
  return used.map(([, name]) => name).join(", ");
}
