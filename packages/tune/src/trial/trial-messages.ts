import type { TrainConfig } from "@mien/train";

/** What a trial's process is told, once. */
export interface TrialOrder {
  readonly csv: string;
  readonly sha256: string;
  readonly skipBadRows: boolean;
  readonly config: TrainConfig;
  readonly seed: number;
  /** For its checkpoints; deleted by whoever started it. */
  readonly folder: string;
}

/** What a trial's process tells. */
export type TrialMessage =
  | {
      readonly kind: "progress";
      /** From 1. */
      readonly epoch: number;
      /** Of the epoch that is done, 0–1. */
      readonly share: number;
    }
  /** Accuracy on the judging part after an epoch, 0–1. */
  | { readonly kind: "epoch"; readonly epoch: number; readonly accuracy: number }
  /** Whether the same settings would fail again is for the code to say. */
  | { readonly kind: "failed"; readonly code: string; readonly message: string }
  | { readonly kind: "done" };
