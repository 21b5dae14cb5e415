import type { SplitChoice } from "@mien/format";
import type { TrainConfig } from "@mien/train";

/** The only message to the process of a trial. */
export interface TrialRequest {
  readonly csv: string;
  readonly sha256: string;
  readonly skipBadRows: boolean;
  /** The splits of the data set; the trial uses the training split only. */
  readonly split: SplitChoice;
  /** Groups of classes (`mergeClasses`); empty if all classes are kept. */
  readonly classGroups: string;
  readonly config: TrainConfig;
  readonly seed: number;
  /** Folder for its checkpoints; deleted by the process that started the trial. */
  readonly folder: string;
}

/** Messages from a trial's process. */
export type TrialMessage =
  | {
      readonly kind: "progress";
      /** Number of the epoch, from 1. */
      readonly epoch: number;
      /** Share of the epoch that is done, 0–1. */
      readonly share: number;
    }
  /** Accuracy on the selection split after an epoch, 0–1. */
  | { readonly kind: "epoch"; readonly epoch: number; readonly accuracy: number }
  /** `code` is the code of the error, or `bug`. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "done" };
