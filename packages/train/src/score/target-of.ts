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

/** The setting of that name as a number; 0 if it is absent. */
function numberOf({ hyperparameters }: Pick<RunConfig, "hyperparameters">, name: string): number {
  return Number(hyperparameters[name] ?? 0);
}

/**
 * What the training images go through that validation images do not, by the run's settings:
 * `augmentation`, `dropout`, both or neither.
 */
export function trainingNoise(run: Pick<RunConfig, "hyperparameters">): string[] {
  const any = (...names: readonly string[]) => names.some((name) => numberOf(run, name) > 0);
  const augmented = any(
    ...["zoom", "shift", "rotation", "mirror", "brightness", "contrast", "erasing", "mixup"],
  );
  return [
    ...(augmented ? ["augmentation"] : []),
    ...(any("dropout", "convDropout") ? ["dropout"] : []),
  ];
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

/** Which training images a run learnt from, by its settings `subset` and `omit`, as a sentence. */
export function usedOf(run: Pick<RunConfig, "hyperparameters">): string {
  const subset = Number(run.hyperparameters["subset"] ?? 1);
  const left = {
    blank: " Blank images were left out.",
    "blank-and-conflicting": " Blank images and copies with different labels were left out.",
  }[String(run.hyperparameters["omit"])];
  const share =
    subset < 1 ? `${Number((100 * subset).toFixed(2))} % of each class of` : "all images of";
  return `The run learnt from ${share} the Training part.${left ?? ""}`;
}
