import { describeSplit } from "@mien/data";
import type { RunConfig, SplitChoice } from "@mien/format";
import { configSchema } from "../config-schema.ts";

/** The part of a run's configuration that says how it was trained. */
type TrainedRun = Pick<RunConfig, "hyperparameters">;

/**
 * The targets of a training in words, e.g. `the FER+ votes`.
 *
 * @param voteShare share of the FER+ votes in the targets, 0–1; the labels have the rest.
 */
export function describeTarget(voteShare: number): string {
  if (voteShare === 0) return "the data set's labels";
  if (voteShare === 1) return "the FER+ votes";
  return `labels and FER+ votes, ${Math.round(100 * (1 - voteShare))} to ${Math.round(100 * voteShare)}`;
}

/** Whether a run has a second output head, which learnt the FER+ votes. */
export function hasVoteHead(run: TrainedRun): boolean {
  return settingOf(run, "voteHead") > 0;
}

/** The target in words by which the validation curves of a run are measured. */
export function describeCurveTarget(run: TrainedRun): string {
  return hasVoteHead(run)
    ? "the labels (first head) and the FER+ votes (second head)"
    : describeTarget(voteShareOf(run));
}

/**
 * The share of the FER+ votes in the targets of a run, or in the output of a run with two heads, 0–1;
 * 0 if the run has no such setting.
 */
export function voteShareOf(run: TrainedRun): number {
  return settingOf(run, "voteShare");
}

/** The numeric setting with a name, or `absent` (default 0) if the run does not have this setting. */
export function settingOf({ hyperparameters }: TrainedRun, name: string, absent = 0): number {
  return Number(hyperparameters[name] ?? absent);
}

/** The settings of augmentation; above 0 means on. */
const AUGMENTATION = Object.entries(configSchema.shape)
  .filter(([, setting]) => setting.meta()?.["group"] === "augmentation")
  .map(([name]) => name);

/**
 * The settings of a run that affect predictions on the training images but not on the validation
 * images: `augmentation`, `dropout`, both or neither.
 */
export function trainingOnlyEffects(run: TrainedRun): string[] {
  const isAnyOn = (names: readonly string[]) => names.some((name) => settingOf(run, name) > 0);
  return [
    ...(isAnyOn(AUGMENTATION) ? ["augmentation"] : []),
    ...(isAnyOn(["dropout", "convDropout"]) ? ["dropout"] : []),
  ];
}

/**
 * The terms of a run's training loss that its validation loss does not have, e.g. `label smoothing`
 * and `mixup`; empty if the two losses are the same measure.
 */
export function trainingOnlyLossTerms(run: TrainedRun): string[] {
  const names = {
    labelSmoothing: "label smoothing",
    distillation: "a teacher's probabilities",
    mixup: "mixup",
    cutmix: "CutMix",
    logitAdjustment: "logit adjustment",
  };
  const used = Object.entries(names).filter(([key]) => settingOf(run, key) > 0);
  return used.map(([, name]) => name);
}

/** Whether the data set of a run is split by its Usage column. */
export function hasOfficialSplit({ split = "official" }: Partial<SplitChoice>): boolean {
  return split === "official";
}

/** The name of a run's validation split in reports: `PublicTest`, or `validation` for another split. */
export function validationName(choice: Partial<SplitChoice>): string {
  return hasOfficialSplit(choice) ? "PublicTest" : "validation";
}

/**
 * The use of the validation split, which is the same in every run, in words without a full stop.
 * Whether settings were chosen on it is not recorded.
 */
export function useOfValidation(choice: Partial<SplitChoice>): string {
  const name = validationName(choice);
  return `The epoch was chosen on ${name}, and the temperature is fitted to ${name}. Therefore the figures on ${name} may be too good, and even more so if settings were also chosen on ${name}`;
}

/** A sentence about the images that a run was trained on, by its settings `subset` and `omit`. */
export function describeTrainingImages(
  run: TrainedRun & Partial<SplitChoice> & Pick<RunConfig, "classGroups">,
): string {
  const subset = settingOf(run, "subset", 1);
  const left = {
    blank: " Blank images were left out.",
    "blank-and-conflicting": " Blank images and copies with different labels were left out.",
  }[String(run.hyperparameters["omit"])];
  const share =
    subset < 1 ? `${Number((100 * subset).toFixed(2))} % of each class of` : "all images of";
  const rows = hasOfficialSplit(run)
    ? "Training"
    : `split ${describeSplit(run)}: a test split of the data set is kept; the other rows were divided into training and validation`;
  const classes =
    run.classGroups === undefined
      ? ""
      : ` Classes of the data set were merged or dropped: ${run.classGroups}.`;
  return `The run was trained on ${share} the training split (${rows}).${left ?? ""}${classes}`;
}
