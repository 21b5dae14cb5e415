/**
 * The names of the parts of a run folder, `artifacts/runs/<name>/`: the only thing that stands
 * between training and everything that comes after it.
 */
export const RUN_FILES = {
  /** Every resolved hyperparameter, seed, classes, input size and the data's SHA-256: `RunConfig`. */
  config: "config.json",
  /** One line of JSON per epoch: `EpochRecord`. */
  history: "history.jsonl",
  /** Weights, optimiser and position, for resuming; deleted by nobody. */
  checkpoint: "checkpoint",
  /** A tfjs LayersModel (`model.json` and weights) that stock tfjs loads; takes pixels 0–255. */
  model: "model",
  /** What `evaluate` measured, by part: `RunMetrics`. Present once the run is finished. */
  metrics: "metrics.json",
  /** A few inputs with the trained model's outputs, in the safetensors layout: `inputs`, `outputs`. */
  reference: "reference.bin",
  /** The temperature that makes the model's probabilities honest: `Calibration`. */
  calibration: "calibration.json",
  /** Everything about the run on one page. */
  report: "report.html",
} as const;

/** A file that a run read beside its data set. */
export interface SourceFile {
  /** Where it was found when the run was made. */
  readonly path: string;
  /** SHA-256 of its uncompressed content. */
  readonly sha256: string;
}

/** What a run was made from. */
export interface RunConfig {
  /** Folder name of the run. */
  readonly name: string;
  readonly data: {
    /** Name of the data set. */
    readonly name: string;
    /** SHA-256 of the uncompressed CSV. */
    readonly sha256: string;
    /** Where it was found when the run was made. */
    readonly path: string;
    /** Terms of use of the data. */
    readonly licence: string;
    /** Wrong rows that were left out of it on request; absent means none. */
    readonly skippedRows?: number;
  };
  /** The FER+ votes that are part of the targets, if any are. */
  readonly votes?: SourceFile;
  /** The teacher's answers that are part of the targets, if any are. */
  readonly teacher?: SourceFile;
  readonly classes: readonly string[];
  readonly input: { readonly height: number; readonly width: number; readonly channels: number };
  readonly split: "official";
  readonly seed: number;
  /** The training package's own configuration, all defaults resolved. */
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  /** Hash of the code that made the run. */
  readonly code: string;
}

/** One finished epoch. Losses are mean cross-entropies in nats, accuracies 0–1. */
export interface EpochRecord {
  /** 1 for the first. */
  readonly epoch: number;
  /** Optimiser steps made so far. */
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  /** Learning rate at the end of the epoch. */
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly seconds: number;
}

/** The figures by which models are compared. */
export interface Score {
  /** Number of images. */
  readonly images: number;
  /** 0–1. */
  readonly accuracy: number;
  /** 95 % Wilson score interval of the accuracy, 0–1. */
  readonly accuracyInterval: readonly [number, number];
  /** Unweighted mean of the classes' F1 scores, 0–1. */
  readonly macroF1: number;
  /** Unweighted mean of the classes' recalls, 0–1; absent in metrics of earlier versions. */
  readonly meanRecall?: number;
}

/** What a model scored on one part of a data set. All optional figures may be absent. */
export interface SplitMetrics extends Score {
  /** Mean cross-entropy in nats, before calibration. */
  readonly loss: number;
  /** In the order of the classes, 0–1; null for a class without images. */
  readonly recall: readonly (number | null)[];
  /** Share of a class's predictions that are right, 0–1; null for a class that is never predicted. */
  readonly precision?: readonly (number | null)[];
  /** Harmonic mean of precision and recall, 0–1; null where neither is known. */
  readonly f1?: readonly (number | null)[];
  /** [actual][predicted] counts. */
  readonly confusion: readonly (readonly number[])[];
  /** Expected calibration error in 15 equal bins, 0–1, before calibration. */
  readonly ece?: number;
  /** The same model with its temperature. */
  readonly calibrated?: {
    readonly temperature: number;
    /** Mean cross-entropy in nats. */
    readonly loss: number;
    /** Expected calibration error in 15 equal bins, 0–1. */
    readonly ece: number;
  };
  /** On the images that have no exact copy in the training part. */
  readonly leakFree?: Score;
  /** With probabilities averaged over mirror images and shifted crops. */
  readonly averaged?: Score;
  /** The same images judged by what most FER+ voters saw, where one of the classes won. */
  readonly byVotes?: SplitMetrics;
  /**
   * By labels and votes together, weighed as in training, for a model that learnt both: expected
   * calibration error in 15 equal bins, 0–1, before and after calibration.
   */
  readonly mixed?: { readonly ece: number; readonly calibratedEce: number };
}

/** The content of `metrics.json`. */
export interface RunMetrics {
  readonly validation: SplitMetrics;
  /** Present only after `train:evaluate --final`. */
  readonly test?: SplitMetrics;
}

/** The content of `calibration.json` (Guo et al. 2017): probabilities are softmax(logits / temperature). */
export interface Calibration {
  readonly method: "temperature";
  /** Above 1 makes a model less sure. */
  readonly temperature: number;
  readonly fittedOn: "validation";
  /** Share of the FER+ votes among the labels that it was fitted to, 0–1, as in training. */
  readonly voteShare: number;
  /** Expected calibration error in 15 equal bins, 0–1, by labels and votes as they were learnt. */
  readonly ece: { readonly before: number; readonly after: number };
  /** Mean cross-entropy in nats, by the same. */
  readonly loss: { readonly before: number; readonly after: number };
}
