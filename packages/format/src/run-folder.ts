import type { SplitChoice } from "./image-set.ts";

/**
 * The names of the files in a run folder, `artifacts/runs/<name>/`, which is the only interface between
 * training and the later steps.
 */
export const RUN_FILES = {
  /** Every resolved hyperparameter, seed, classes, input size and the data's SHA-256: `RunConfig`. */
  config: "config.json",
  /** One line of JSON per epoch: `EpochRecord`. */
  history: "history.jsonl",
  /** Weights, optimiser and position, for resuming; never deleted. */
  checkpoint: "checkpoint",
  /** A tfjs LayersModel (`model.json` and weights) that plain tfjs can load; takes pixels 0–255. */
  model: "model",
  /** Metrics by split, from `evaluate`: `RunMetrics`. Present when the run is finished. */
  metrics: "metrics.json",
  /** Some inputs with the trained model's outputs, in the safetensors layout: `inputs`, `outputs`. */
  reference: "reference.bin",
  /** The temperature that calibrates the model's probabilities: `Calibration`. */
  calibration: "calibration.json",
  /** The report of the run as one page. */
  report: "report.html",
} as const;

/** A file that a run read in addition to its data set. */
export interface SourceFile {
  /** Its path when the run was made. */
  readonly path: string;
  /** SHA-256 of its uncompressed content. */
  readonly sha256: string;
}

/** The inputs of a run: data, hyperparameters, seed and code. */
export interface RunConfig extends SplitChoice {
  /** Folder name of the run. */
  readonly name: string;
  readonly data: {
    /** Name of the data set. */
    readonly name: string;
    /** SHA-256 of the uncompressed CSV. */
    readonly sha256: string;
    /** Its path when the run was made. */
    readonly path: string;
    /** Terms of use of the data. */
    readonly licence: string;
    /** Number of malformed rows that were skipped on request; absent means none. */
    readonly skippedRows?: number;
  };
  /** The FER+ votes, if they are part of the targets. */
  readonly votes?: SourceFile;
  /** The corrections of labels that were applied to the training split; absent if there were none. */
  readonly corrections?: SourceFile;
  /** The teacher's predictions, if they are part of the targets. */
  readonly teacher?: SourceFile;
  /** The weights that training started from; absent if they were random. */
  readonly start?: SourceFile;
  /** The classes of the model, in the order of its output: after classes are merged. */
  readonly classes: readonly string[];
  /** The groups of `--classes` in the normal form of `mergeClasses`; absent if no class is changed. */
  readonly classGroups?: string | undefined;
  readonly input: { readonly height: number; readonly width: number; readonly channels: number };
  /**
   * SHA-256 of the positions in the three splits, which must be the same whenever the run is read;
   * absent for the official split, and in runs of earlier versions.
   */
  readonly splitSha256?: string;
  readonly seed: number;
  /** The configuration of the training, with every value decided. */
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  /** Hash of the training code. */
  readonly code: string;
}

/** One finished epoch. Losses are mean cross-entropies in nats, accuracies 0–1. */
export interface EpochRecord {
  /** 1 for the first. */
  readonly epoch: number;
  /** Number of optimiser steps so far. */
  readonly step: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss: number;
  /** By the most probable class of the target of the training. */
  readonly validationAccuracy: number;
  /**
   * By the labels of the data set. This and the next two are present only for a run that is trained
   * on labels and votes together.
   */
  readonly validationAccuracyByLabels?: number;
  /** By the winners of the FER+ votes; images without a winner are left out. */
  readonly validationAccuracyByVotes?: number;
  /**
   * The figure by which the epoch is chosen: the mean of the accuracies by labels and by votes, 0–1.
   * If it is absent, the epoch is chosen by `validationAccuracy`.
   */
  readonly criterion?: number;
  /** Learning rate at the end of the epoch. */
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly seconds: number;
}

/** The metrics by which models are compared. */
export interface Score {
  /** Number of images. */
  readonly images: number;
  /** 0–1. */
  readonly accuracy: number;
  /** 95 % Wilson score interval of the accuracy, 0–1. */
  readonly accuracyInterval: readonly [number, number];
  /**
   * Share of the images whose label is among the two most probable classes, 0–1; of classes with
   * equal probabilities, the one with the lower index ranks higher. Always 1 with two classes;
   * absent in metrics of earlier versions.
   */
  readonly top2Accuracy?: number;
  /** Unweighted mean of the classes' F1 scores, 0–1. */
  readonly macroF1: number;
  /** Unweighted mean of the classes' recalls, 0–1; absent in metrics of earlier versions. */
  readonly meanRecall?: number;
}

/** The metrics of a model on one split of a data set. */
export interface SplitMetrics extends Score {
  /** Mean cross-entropy in nats, before calibration. */
  readonly loss: number;
  /** Recall in the order of the classes, 0–1; null for a class without images. */
  readonly recall: readonly (number | null)[];
  /**
   * Share of each class's predictions that are correct, 0–1; null for a class that is never
   * predicted.
   */
  readonly precision?: readonly (number | null)[];
  /** Harmonic mean of precision and recall, 0–1; null if both are null. */
  readonly f1?: readonly (number | null)[];
  /**
   * Area under the ROC curve of each class against all others, 0–1, before calibration; null if
   * all images or no images are of the class. Absent in metrics of earlier versions.
   */
  readonly rocAuc?: readonly (number | null)[];
  /** Unweighted mean of the known values in `rocAuc`, 0–1; null if there are none. */
  readonly meanRocAuc?: number | null;
  /**
   * Average precision of each class against all others, 0–1, before calibration; null for a class
   * without images. Absent in metrics of earlier versions.
   */
  readonly averagePrecision?: readonly (number | null)[];
  /** Unweighted mean of the known values in `averagePrecision`, 0–1; null if there are none. */
  readonly meanAveragePrecision?: number | null;
  /** Number of images, [actual class][predicted class]. */
  readonly confusion: readonly (readonly number[])[];
  /** Expected calibration error in 15 equal bins, 0–1, before calibration. */
  readonly ece?: number;
  /** Metrics of the same model after calibration by its temperature. */
  readonly calibrated?: {
    readonly temperature: number;
    /** Mean cross-entropy in nats. */
    readonly loss: number;
    /** Expected calibration error in 15 equal bins, 0–1. */
    readonly ece: number;
  };
  /** On the images that have no exact copy in the training split. */
  readonly leakFree?: Score;
  /**
   * On the images that have neither an exact copy nor a near-copy in the training split, also not over
   * other images. Absent in the metrics of earlier versions.
   */
  readonly nearLeakFree?: Score;
  /** With probabilities averaged over mirror images and shifted crops. */
  readonly averaged?: Score;
  /**
   * On the same images with the winners of the FER+ votes as labels; images without a winner are
   * left out.
   */
  readonly byVotes?: SplitMetrics;
  /**
   * Present only for a model that was trained on labels and votes: expected calibration error in 15
   * equal bins, 0–1, before and after calibration, against the mixture of labels and votes that
   * the training used.
   */
  readonly mixed?: { readonly ece: number; readonly calibratedEce: number };
}

/** The content of `metrics.json`. */
export interface RunMetrics {
  readonly validation: SplitMetrics;
  /** Present only after `train:evaluate --final`. */
  readonly test?: SplitMetrics;
}

/**
 * The content of `calibration.json` (Guo et al. 2017): probabilities are softmax(logits /
 * temperature).
 */
export interface Calibration {
  readonly method: "temperature";
  /** Above 0; a temperature above 1 makes the probabilities less extreme. */
  readonly temperature: number;
  readonly fittedOn: "validation";
  /** Share of the FER+ votes in the targets to which the temperature was fitted, 0–1; as in training. */
  readonly voteShare: number;
  /** Expected calibration error in 15 equal bins, 0–1, against the same targets. */
  readonly ece: { readonly before: number; readonly after: number };
  /** Mean cross-entropy in nats, against the same targets. */
  readonly loss: { readonly before: number; readonly after: number };
}
