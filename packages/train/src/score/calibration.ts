import { existsSync } from "node:fs";
import path from "node:path";
import { readJson } from "@mien/cli";
import { RUN_FILES, type Calibration } from "@mien/format";
import {
  CALIBRATION_BINS,
  calibrationError,
  meanLoss,
  reliability,
  total,
  type ReliabilityBin,
} from "./metrics.ts";

/** Smallest probability that a 32-bit float tells from 0; its logarithm stands for that of 0. */
const SMALLEST = 2 ** -149;

/** Temperatures are looked for between 1/20 and 20. */
const STEEPEST = 20;

/** Labels to calibrate against, each with the weight that training gave it. */
export interface CalibrationTarget {
  /** [N] class, or −1 where nothing is known. */
  readonly labels: ArrayLike<number>;
  /** 0–1. */
  readonly weight: number;
}

/**
 * The temperature that minimises the cross-entropy of softmax(log p / T).
 *
 * The loss is convex in 1/T, so its derivative is bisected. It is the mean over the images of the
 * expected minus the label's log-probability.
 *
 * @param probabilities [N, classes], rows sum to 1.
 * @returns T, from 1/20 to 20; 1 if there is nothing to fit it to, or if no T is too small: a model
 * that is right about every image does not show how sure it may be.
 * @see https://arxiv.org/abs/1706.04599
 */
export function fitTemperature(
  probabilities: Float32Array,
  classes: number,
  targets: readonly CalibrationTarget[],
): number {
  const images = probabilities.length / classes;
  // Relative to each row's largest, so that no power overflows.
  const logits = Float64Array.from(probabilities, (p) => Math.log(Math.max(p, SMALLEST)));
  for (let at = 0; at < logits.length; at += classes) {
    const most = Math.max(...logits.subarray(at, at + classes));
    for (let c = 0; c < classes; c++) logits[at + c]! -= most;
  }
  const slope = (steepness: number): number => {
    let sum = 0;
    for (let i = 0; i < images; i++) {
      let [weights, weighted] = [0, 0];
      for (let at = i * classes; at < (i + 1) * classes; at++) {
        const logit = logits[at] as number;
        const weight = Math.exp(steepness * logit);
        weights += weight;
        weighted += weight * logit;
      }
      for (const { labels, weight } of targets) {
        const label = labels[i] as number;
        if (label < 0) continue;
        sum += weight * (weighted / weights - (logits[i * classes + label] as number));
      }
    }
    return sum;
  };
  if (slope(1) === 0 || slope(STEEPEST) <= 0) return 1;
  let [low, high] = [1 / STEEPEST, STEEPEST];
  for (let i = 0; i < 40; i++) {
    const middle = Math.sqrt(low * high);
    if (slope(middle) <= 0) low = middle;
    else high = middle;
  }
  return 1 / Math.sqrt(low * high);
}

/** softmax(log p / T) of each row of [N, classes]; the order of a row's classes stays. */
export function applyTemperature(
  probabilities: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  const calibrated = new Float32Array(probabilities.length);
  for (let at = 0; at < probabilities.length; at += classes) {
    const row = probabilities.subarray(at, at + classes);
    const most = Math.max(...row);
    // Relative to the largest, so that nothing underflows but what does not matter.
    const powers = Array.from(row, (p) => (p / most) ** (1 / temperature));
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, c) => (calibrated[at + c] = power / sum));
  }
  return calibrated;
}

/**
 * Fits a temperature to validation predictions and says what it changes.
 *
 * @param own [N] labels of the data set.
 * @param votes [N] winners of the FER+ votes, −1 for none; undefined without votes.
 * @param voteShare share of the votes in what the model was trained for, 0–1.
 */
export function calibrate(
  probabilities: Float32Array,
  classes: number,
  labels: {
    readonly own: ArrayLike<number>;
    readonly votes?: ArrayLike<number> | undefined;
    readonly voteShare: number;
  },
): Calibration {
  const voteShare = labels.votes === undefined ? 0 : labels.voteShare;
  const targets = calibrationTargets({ ...labels, voteShare });
  const temperature = fitTemperature(probabilities, classes, targets);
  const before = errorsBy(probabilities, classes, targets);
  const after = errorsBy(applyTemperature(probabilities, classes, temperature), classes, targets);
  return {
    method: "temperature",
    temperature,
    fittedOn: "validation",
    voteShare,
    ece: { before: before.ece, after: after.ece },
    loss: { before: before.loss, after: after.loss },
  };
}

/** Labels and votes, each with its share in what was learnt; a share of 0 is left out. */
export function calibrationTargets(labels: {
  readonly own: ArrayLike<number>;
  readonly votes?: ArrayLike<number> | undefined;
  readonly voteShare: number;
}): CalibrationTarget[] {
  const { own, votes, voteShare } = labels;
  return [
    { labels: own, weight: 1 - voteShare },
    ...(votes === undefined ? [] : [{ labels: votes, weight: voteShare }]),
  ].filter(({ weight }) => weight > 0);
}

/** Calibration error (15 equal bins) and mean cross-entropy by several judges at once. */
export function errorsBy(
  probabilities: Float32Array,
  classes: number,
  targets: readonly CalibrationTarget[],
): { ece: number; loss: number } {
  const parts = targets.map(({ labels, weight }) => {
    const known = onlyLabelled(probabilities, labels, classes);
    const bins = reliability(known.probabilities, known.labels, classes);
    const images = weight * known.labels.length;
    return { weight, images, bins, loss: meanLoss(known.probabilities, known.labels, classes) };
  });
  const bins = Array.from({ length: CALIBRATION_BINS }, (_, b) => {
    const filled = parts.filter(({ bins }) => (bins[b] as ReliabilityBin).images > 0);
    const all = filled.map((part) => ({
      weight: part.weight,
      ...(part.bins[b] as ReliabilityBin),
    }));
    const images = total(all.map((bin) => bin.weight * bin.images));
    const mean = (key: "confidence" | "accuracy") =>
      total(all.map((bin) => bin.weight * bin.images * bin[key])) / images;
    return { images, confidence: mean("confidence"), accuracy: mean("accuracy") };
  });
  const known = parts.filter(({ images }) => images > 0);
  const loss = total(known.map((part) => part.images * part.loss));
  return { ece: calibrationError(bins), loss: loss / total(known.map(({ images }) => images)) };
}

/** The rows whose label is known, that is, not −1. */
export function onlyLabelled(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): { probabilities: Float32Array; labels: Uint8Array; rows: Uint32Array } {
  const all = Uint32Array.from({ length: labels.length }, (_, i) => i);
  const rows = all.filter((i) => (labels[i] as number) >= 0);
  const chosen = new Float32Array(rows.length * classes);
  rows.forEach((row, i) => {
    chosen.set(probabilities.subarray(row * classes, (row + 1) * classes), i * classes);
  });
  return { probabilities: chosen, labels: Uint8Array.from(rows, (i) => labels[i] as number), rows };
}

/** Reads a run's calibration; undefined for a run of an earlier version that has none. */
export async function readCalibration(folder: string): Promise<Calibration | undefined> {
  const file = path.join(folder, RUN_FILES.calibration);
  return existsSync(file) ? ((await readJson(file)) as Calibration) : undefined;
}
