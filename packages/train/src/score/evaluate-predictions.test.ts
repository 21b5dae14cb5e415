import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Votes } from "@mien/data";
import { officialSplit, type ImageSet } from "@mien/format";
import { describe, expect, it, onTestFinished } from "vitest";
import { bootstrapInterval } from "./bootstrap.ts";
import { evaluatePredictions } from "./evaluate-predictions.ts";
import { groundTruthOf, predictionsFile, readPredictions, writePredictions, type Predictions } from "./predictions.ts"; // prettier-ignore

/** Four images of one pixel in training, four in validation; the second of these is a copy. */
const set: ImageSet = {
  height: 1,
  width: 1,
  channels: 1,
  classes: ["Happy", "Sad"],
  pixels: Uint8Array.of(1, 2, 3, 4, 5, 3, 6, 7),
  labels: Uint8Array.of(0, 1, 0, 1, 0, 1, 0, 1),
  usage: Uint8Array.of(0, 0, 0, 0, 1, 1, 1, 1),
  row: Uint32Array.of(10, 11, 12, 13, 14, 15, 16, 17),
};

/** The votes are for happiness on image 4 and for sadness on 5 and 6; on 7 they are a tie. */
const votes: Votes = {
  columns: ["happiness", "sadness"],
  counts: Uint8Array.of(1, 0, 1, 0, 1, 0, 1, 0, 9, 0, 0, 9, 0, 9, 5, 5),
  path: "votes.csv",
  sha256: "",
};

const split = officialSplit(set);
const groundTruth = groundTruthOf(set, split.validation, { training: split.train, votes });

/** Correct, correct, wrong and correct by the labels. */
const predictions: Predictions = {
  split: "validation",
  classes: set.classes,
  probabilities: Float32Array.of(0.75, 0.25, 0.25, 0.75, 0.4, 0.6, 0.1, 0.9),
  averaged: Float32Array.of(0.7, 0.3, 0.4, 0.6, 0.6, 0.4, 0.2, 0.8),
  ...groundTruth,
};

describe("groundTruthOf", () => {
  it("marks copies of training images, and names the winners of votes", () => {
    expect(groundTruth).toEqual({
      row: Uint32Array.of(14, 15, 16, 17),
      labels: Uint8Array.of(0, 1, 0, 1),
      copied: Uint8Array.of(0, 1, 0, 0),
      votes: Int32Array.of(0, 1, 1, -1),
    });
    const alone = groundTruthOf(set, split.validation, { training: split.train });
    expect(alone.votes).toBeUndefined();
    expect(alone.nearCopied).toBeUndefined();
  });

  it("marks images whose picture is in the training split, exactly or as a near-copy", () => {
    const pictures = { pairs: [], pictureOf: Uint32Array.of(0, 1, 2, 3, 4, 2, 1, 4) };
    const given = { training: split.train, pictures };
    const { nearCopied } = groundTruthOf(set, split.validation, given);
    expect(nearCopied).toEqual(Uint8Array.of(0, 1, 1, 0));
    const scores = evaluatePredictions({ ...predictions, ...(nearCopied && { nearCopied }) });
    expect(scores.leakFree).toMatchObject({ images: 3, accuracy: 2 / 3 });
    expect(scores.nearLeakFree).toMatchObject({ images: 2, accuracy: 1 });
    expect(scores.byVotes?.nearLeakFree).toMatchObject({ images: 1, accuracy: 1 });
    expect(evaluatePredictions(predictions).nearLeakFree).toBeUndefined();
  });
});

describe("evaluatePredictions", () => {
  it("returns separate metrics by labels, by votes, of averages and without copies", () => {
    const scores = evaluatePredictions(predictions, 1);
    expect(scores).toMatchObject({ images: 4, accuracy: 0.75, meanRecall: 0.75 });
    expect(scores.averaged).toMatchObject({ images: 4, accuracy: 1 });
    expect(scores.leakFree).toMatchObject({ images: 3, accuracy: 2 / 3 });
    expect(scores.byVotes).toMatchObject({ images: 3, accuracy: 1, recall: [1, 1] });
    expect(scores.byVotes?.averaged).toMatchObject({ images: 3, accuracy: 2 / 3 });
    expect(scores.byVotes?.leakFree).toMatchObject({ images: 2, accuracy: 1 });
    expect(scores.byVotes?.byVotes).toBeUndefined();
    expect(scores.calibrated?.loss).toBeCloseTo(scores.loss, 6);
    expect(scores.calibrated?.ece).toBeCloseTo(scores.ece!, 6);
  });

  it("measures calibration by labels and votes together for a model that was trained on both", () => {
    const { mixed } = evaluatePredictions(predictions, 1, 0.5);
    expect(mixed?.calibratedEce).toBeCloseTo(mixed!.ece, 6);
    expect(evaluatePredictions(predictions, 1, 1).mixed).toBeUndefined();
    expect(evaluatePredictions(predictions, 2, 0.5).mixed?.calibratedEce).not.toBeCloseTo(
      mixed!.ece,
      3,
    );
  });

  it("leaves out metrics of no images", () => {
    const votes = predictions.votes!.map(() => -1);
    const copied = predictions.copied.map(() => 1);
    const scores = evaluatePredictions({ ...predictions, votes, copied }, 1, 0.5);
    expect(Object.keys(scores)).not.toContain("byVotes");
    expect(Object.keys(scores)).not.toContain("leakFree");
    expect(Object.keys(scores)).not.toContain("mixed");
  });

  it("leaves out metrics of predictions that are not given", () => {
    const { averaged, votes, ...plain } = predictions;
    expect([averaged, votes]).not.toContain(undefined);
    const scores = evaluatePredictions(plain);
    expect(Object.keys(scores)).not.toContain("averaged");
    expect(Object.keys(scores)).not.toContain("byVotes");
    expect(Object.keys(scores)).not.toContain("calibrated");
  });
});

describe("stored predictions", () => {
  it("are read back unchanged, and a damaged file is refused", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "mien-predictions-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await expect(readPredictions(folder, "validation")).rejects.toThrow(/no predictions/);
    const file = await writePredictions(folder, predictions);
    expect(file).toBe(predictionsFile(folder, "validation"));
    expect(await readPredictions(folder, "validation")).toEqual(predictions);
    await truncate(file, 200);
    await expect(readPredictions(folder, "validation")).rejects.toMatchObject({ code: "bad-data" });
  });
});

describe("bootstrapInterval", () => {
  it("contains the metric, narrows with more images, and is the same each time", () => {
    const small = [[8, 2], [3, 7]]; // prettier-ignore
    const large = small.map((row) => row.map((n) => 100 * n));
    const [low, high] = bootstrapInterval(small, "meanRecall");
    expect(low).toBeLessThan(0.6);
    expect(high).toBeGreaterThan(0.85);
    const [from, to] = bootstrapInterval(large, "meanRecall");
    // Two proportions of 1,000 images: ± 1.96 · √(0.16 + 0.21) / √1000 / 2.
    expect(to - from).toBeCloseTo((2 * 1.96 * Math.sqrt(0.37 / 1000)) / 2, 2);
    expect(from).toBeLessThan(0.75);
    expect(to).toBeGreaterThan(0.75);
    expect(bootstrapInterval(large, "meanRecall")).toEqual([from, to]);
  });
});
