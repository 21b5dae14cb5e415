import { existsSync } from "node:fs";
import path from "node:path";
import { readJson } from "@mien/cli";
import { itemAt, MienError, RUN_FILES, type Calibration } from "@mien/format";
import { z } from "zod";
import {
  CALIBRATION_BINS,
  calibrationBins,
  expectedCalibrationError,
} from "./calibration-error.ts";
import { meanLoss } from "./metrics.ts";
import { rowsOf } from "./predicted-classes.ts";
import { total } from "./total.ts";

/** The smallest 32-bit float above 0; its logarithm replaces the logarithm of 0. */
const SMALLEST = 2 ** -149;

/** The largest steepness, 1 / temperature; the smallest is its inverse. */
const STEEPEST = 20;

/** Labels with their weight in the targets of the training. */
interface WeightedLabels {
  /** [N] class, or −1 where it is unknown. */
  readonly labels: ArrayLike<number>;
  /** 0–1. */
  readonly weight: number;
}

/**
 * The temperature T that minimises the cross-entropy of softmax(log p / T).
 *
 * The loss is convex in 1 / T, so the root of its derivative is found by bisection. The derivative
 * is the mean over the images of the expected log-probability minus the log-probability of the
 * label.
 *
 * @param probabilities [N, classes], rows sum to 1.
 * @param targets images whose label is −1 do not count.
 * @returns T, from 1/20 to 20; 1 without labels, and 1 if the loss falls down to the smallest T,
 * as it does if every prediction is correct.
 * @see https://arxiv.org/abs/1706.04599
 * @internal exported for tests.
 */
export function fitTemperature(
  probabilities: Float32Array,
  classes: number,
  targets: readonly WeightedLabels[],
): number {
  // Logarithms are relative to the largest of each row, so that no power overflows.
  const logits = rowsOf(probabilities, classes).map((row) => {
    const logs = Float64Array.from(row, (p) => Math.log(Math.max(p, SMALLEST)));
    const largest = Math.max(...logs);
    return logs.map((log) => log - largest);
  });
  const slope = (steepness: number): number => {
    let sum = 0;
    logits.forEach((row, i) => {
      let [weights, weighted] = [0, 0];
      for (const logit of row) {
        const weight = Math.exp(steepness * logit);
        weights += weight;
        weighted += weight * logit;
      }
      for (const { labels, weight } of targets) {
        const ofLabel = row[itemAt(labels, i)];
        if (ofLabel !== undefined) sum += weight * (weighted / weights - ofLabel);
      }
    });
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

/** softmax(log p / T) of each row of [N, classes]; the order of the classes in a row is kept. */
export function applyTemperature(
  probabilities: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  const calibrated = new Float32Array(probabilities.length);
  rowsOf(probabilities, classes).forEach((row, i) => {
    const largest = Math.max(...row);
    // Logarithms are relative to the largest, so that only negligible values can underflow.
    const powers = Array.from(row, (p) => (p / largest) ** (1 / temperature));
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, c) => (calibrated[i * classes + c] = power / sum));
  });
  return calibrated;
}

/** The labels and votes of some images, and their shares in the targets. */
interface LabelsAndVotes {
  /** [N] labels of the data set. */
  readonly own: ArrayLike<number>;
  /** [N] winners of the FER+ votes, −1 for none; undefined without votes. */
  readonly votes?: ArrayLike<number> | undefined;
  /** Share of the votes in the targets of the training, 0–1. */
  readonly voteShare: number;
}

/**
 * Fits a temperature to validation predictions, and measures calibration error and loss before and
 * after.
 *
 * @param probabilities [N, classes], rows sum to 1.
 */
export function calibrate(
  probabilities: Float32Array,
  classes: number,
  labels: LabelsAndVotes,
): Calibration {
  const voteShare = labels.votes === undefined ? 0 : labels.voteShare;
  const targets = weightedLabels({ ...labels, voteShare });
  const temperature = fitTemperature(probabilities, classes, targets);
  const before = weightedErrors(probabilities, classes, targets);
  const calibrated = applyTemperature(probabilities, classes, temperature);
  const after = weightedErrors(calibrated, classes, targets);
  return {
    method: "temperature",
    temperature,
    fittedOn: "validation",
    voteShare,
    ece: { before: before.ece, after: after.ece },
    loss: { before: before.loss, after: after.loss },
  };
}

/** Labels and votes with their weights in the targets; sources with a weight of 0 are left out. */
export function weightedLabels({ own, votes, voteShare }: LabelsAndVotes): WeightedLabels[] {
  return [
    { labels: own, weight: 1 - voteShare },
    ...(votes === undefined ? [] : [{ labels: votes, weight: voteShare }]),
  ].filter(({ weight }) => weight > 0);
}

/**
 * Expected calibration error (0–1) and mean cross-entropy (nats) against several sources of labels
 * at once, each with its weight.
 */
export function weightedErrors(
  probabilities: Float32Array,
  classes: number,
  targets: readonly WeightedLabels[],
): { ece: number; loss: number } {
  const sources = targets.map(({ labels, weight }) => {
    const known = labelledRows(probabilities, labels, classes);
    const bins = calibrationBins(known.probabilities, known.labels, classes);
    const images = weight * known.labels.length;
    return { weight, images, bins, loss: meanLoss(known.probabilities, known.labels, classes) };
  });
  const bins = Array.from({ length: CALIBRATION_BINS }, (_, b) => {
    const filled = sources.flatMap((source) => {
      const bin = source.bins[b];
      return bin !== undefined && bin.images > 0 ? [{ weight: source.weight, ...bin }] : [];
    });
    const images = total(filled.map((bin) => bin.weight * bin.images));
    const mean = (key: "confidence" | "accuracy") =>
      total(filled.map((bin) => bin.weight * bin.images * bin[key])) / images;
    return { images, confidence: mean("confidence"), accuracy: mean("accuracy") };
  });
  const known = sources.filter(({ images }) => images > 0);
  const loss = total(known.map((source) => source.images * source.loss));
  const images = total(known.map((source) => source.images));
  return { ece: expectedCalibrationError(bins), loss: loss / images };
}

/** The rows of [N, classes] whose label is known, that is, not −1, with their labels. */
export function labelledRows(
  probabilities: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): { probabilities: Float32Array; labels: Uint8Array } {
  const known = Array.from(labels, (label, row) => ({ label, row })).filter(
    ({ label }) => label >= 0,
  );
  const chosen = new Float32Array(known.length * classes);
  known.forEach(({ row }, i) => {
    chosen.set(probabilities.subarray(row * classes, (row + 1) * classes), i * classes);
  });
  return { probabilities: chosen, labels: Uint8Array.from(known, ({ label }) => label) };
}

/** The field of a calibration that is checked; the other fields are only shown. */
const requiredFields = z.object({ temperature: z.number() });

const isCalibration = (value: unknown): value is Calibration =>
  requiredFields.safeParse(value).success;

/**
 * Reads the calibration of a run; undefined for a run of an earlier version that has none.
 *
 * @throws {MienError} `bad-data` if the file is damaged.
 */
export async function readCalibration(folder: string): Promise<Calibration | undefined> {
  const file = path.join(folder, RUN_FILES.calibration);
  if (!existsSync(file)) return undefined;
  const calibration = await readJson(file);
  if (isCalibration(calibration)) return calibration;
  throw new MienError("bad-data", `${file} does not hold a calibration`);
}
