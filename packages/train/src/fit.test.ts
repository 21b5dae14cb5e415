import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { VOTE_COLUMNS, type Votes } from "@mien/data";
import type { EpochRecord, ImageSet, NamedTensor } from "@mien/format";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFile, loadCheckpoint, saveCheckpoint } from "./run/checkpoint.ts";
import { resolveConfig } from "./config.ts";
import { fit, type FitOptions } from "./fit.ts";
import { tensorCount } from "./tensor/native.ts";
import { smallConfig, smallSet, smallSplit } from "./testing/small-set.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-fit-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (name: string, changes: Partial<FitOptions> = {}) =>
  fit({
    set: smallSet,
    split: smallSplit,
    config: smallConfig,
    seed: 1,
    folder: path.join(folder, name),
    inputs: "small",
    ...changes,
  });

/** A history without the figures that depend on the clock. */
const timeless = (history: readonly EpochRecord[]) =>
  history.map((record) => ({ ...record, seconds: 0, imagesPerSecond: 0 }));

/** Ten votes for one class on every image, which are seldom its label. */
function votesOf({ labels }: ImageSet): Votes {
  const counts = new Uint8Array(labels.length * VOTE_COLUMNS.length);
  const voted = VOTE_COLUMNS.indexOf("sadness");
  labels.forEach((_, i) => (counts[i * VOTE_COLUMNS.length + voted] = 10));
  return { columns: VOTE_COLUMNS, counts, path: "votes.csv", sha256: "" };
}

async function stateOf(name: string): Promise<Readonly<Record<string, NamedTensor>>> {
  return (await loadCheckpoint(path.join(folder, name), "small"))!.state;
}

describe("fit", () => {
  it("reduces the loss, counts its steps and keeps the best epoch", async () => {
    const config = { ...smallConfig, epochs: 12, dropout: 0, convDropout: 0 };
    const { history, bestEpoch } = await run("a", { config });
    expect(history.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    const stepsPerEpoch = Math.floor(smallSplit.train.length / 16);
    expect(history.at(-1)!.step).toBe(12 * stepsPerEpoch);
    expect(history.at(-1)!.trainLoss).toBeLessThan(history[0]!.trainLoss);
    // With seven classes, chance is 14 %.
    const accuracies = history.map(({ validationAccuracy }) => validationAccuracy);
    expect(accuracies[bestEpoch - 1]).toBe(Math.max(...accuracies));
    expect(Math.max(...accuracies)).toBeGreaterThan(0.25);
    const lines = (await readFile(path.join(folder, "a/history.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(history);
  });

  it("gives the same result bit for bit with the same seed, and another with another seed", async () => {
    const [first, second] = [await run("a"), await run("b")];
    expect(timeless(second.history)).toEqual(timeless(first.history));
    expect(await stateOf("b")).toEqual(await stateOf("a"));
    const other = await run("c", { seed: 2 });
    expect(timeless(other.history)).not.toEqual(timeless(first.history));
  });

  it("with two heads chooses the epoch by both, and does not depend on the share of the votes and the logit adjustment", async () => {
    const votes = votesOf(smallSet);
    const withShare = (voteShare: number, logitAdjustment: number) =>
      run(`heads-${voteShare}`, {
        config: { ...smallConfig, voteHead: 1, voteShare, logitAdjustment },
        sources: { votes },
      });
    const [labels, both] = [await withShare(0, 0), await withShare(0.5, 1)];
    expect(timeless(both.history)).toEqual(timeless(labels.history));
    expect(both.best).toEqual(labels.best);
    expect(labels.best["output.bias"]!.shape).toEqual([2 * smallSet.classes.length]);
    expect(labels.savedAdjustment).toBeUndefined();
    // Every vote is for one class, which therefore has the highest logarithm of its frequency.
    const ofVotes = both.savedAdjustment!.subarray(smallSet.classes.length);
    expect(ofVotes.indexOf(Math.max(...ofVotes))).toBe(smallSet.classes.indexOf("Sad"));
    const last = labels.history.at(-1)!;
    expect(last.criterion).toBeCloseTo(
      (last.validationAccuracyByLabels! + last.validationAccuracyByVotes!) / 2,
    );
    // Both heads may be right equally often after one epoch, but not after each.
    const differs = labels.history.map(
      (one) => one.validationAccuracyByVotes !== one.validationAccuracyByLabels,
    );
    expect(differs).toContain(true);
  });

  it("gives the same result after an interruption as without one", async () => {
    const whole = await run("whole");
    const stop = new AbortController();
    const interrupted = run("parts", { signal: stop.signal, onEpoch: () => stop.abort() });
    await expect(interrupted).rejects.toMatchObject({
      code: "interrupted",
      message: expect.stringMatching(/in epoch 2 of 3; 1 whole epoch is stored/) as string,
      advice: expect.stringMatching(/Repeat the command to resume with epoch 2/) as string,
    });
    const epochs: number[] = [];
    const rest = await run("parts", { onEpoch: ({ epoch }) => epochs.push(epoch) });
    expect(epochs).toEqual([2, 3]);
    expect(timeless(rest.history)).toEqual(timeless(whole.history));
    expect(rest.best).toEqual(whole.best);
    expect(await stateOf("parts")).toEqual(await stateOf("whole"));
    // A third call has no epoch left; it returns the same result and restores the history.
    await rm(path.join(folder, "parts/history.jsonl"));
    expect((await run("parts")).best).toEqual(whole.best);
    const history = await readFile(path.join(folder, "parts/history.jsonl"), "utf8");
    expect(history.trim().split("\n")).toHaveLength(3);
  });

  it("resumes exactly with every kind of layer, optimiser state and random augmentation that a recipe can have", async () => {
    const config = resolveConfig({
      ...smallConfig,
      precision: "auto",
      optimizer: "sgd",
      learningRate: 0.02,
      schedule: "cosine",
      warmup: 0.2,
      weightDecay: 1e-3,
      ema: 0.9,
      labelSmoothing: 0.1,
      logitAdjustment: 0.5,
      brightness: 0.2,
      contrast: 0.2,
      erasing: 0.5,
      mixup: 0.3,
      cutmix: 0.3,
      sam: 0.05,
      samShare: 0.5,
      head: "average",
      pooling: "blur",
      squeezeExcite: 4,
    });
    const whole = await run("whole", { config });
    for (let part = 0; part < 2; part++) {
      const stop = new AbortController();
      const options = { config, signal: stop.signal, onEpoch: () => stop.abort() };
      await expect(run("parts", options)).rejects.toMatchObject({ code: "interrupted" });
    }
    const rest = await run("parts", { config });
    expect(timeless(rest.history)).toEqual(timeless(whole.history));
    expect(rest.best).toEqual(whole.best);
    expect(await stateOf("parts")).toEqual(await stateOf("whole"));
  });

  it("stops when the loss is not finite, with advice, and keeps the last good checkpoint", async () => {
    const config = { ...smallConfig, epochs: 1 };
    await run("a", { config });
    const { state, ...checkpoint } = (await loadCheckpoint(path.join(folder, "a"), "small"))!;
    const kernel = state["conv1.kernel"]!;
    const poisoned = { ...kernel, data: new Float32Array(kernel.data.length).fill(Infinity) };
    await saveCheckpoint(
      path.join(folder, "a"),
      { ...checkpoint, state: { ...state, "conv1.kernel": poisoned } },
      "small",
    );
    const before = await readFile(checkpointFile(path.join(folder, "a")));
    await expect(run("a")).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringMatching(/in epoch 2/) as string,
      advice: expect.stringMatching(/--learning-rate/) as string,
    });
    expect(await readFile(checkpointFile(path.join(folder, "a")))).toEqual(before);
  });

  it("refuses a checkpoint of other inputs and keeps it", async () => {
    await run("a", { config: { ...smallConfig, epochs: 1 } });
    const before = await readFile(checkpointFile(path.join(folder, "a")));
    await expect(run("a", { inputs: "others" })).rejects.toMatchObject({ code: "mismatch" });
    expect(await readFile(checkpointFile(path.join(folder, "a")))).toEqual(before);
  });

  it("refuses data without training or validation images", async () => {
    const none = Uint32Array.of();
    await expect(run("a", { split: { ...smallSplit, validation: none } })).rejects.toThrow(
      /at least 1 images whose Usage is PublicTest, found 0/,
    );
    await expect(run("a", { split: { ...smallSplit, train: none } })).rejects.toThrow(
      /Usage is Training, found 0/,
    );
  });

  it("refuses settings that leave no training image, and stores nothing", async () => {
    const config = { ...smallConfig, omit: "blank" } as const;
    const set = { ...smallSet, pixels: new Uint8Array(smallSet.pixels.length).fill(7) };
    await expect(run("a", { config, set })).rejects.toMatchObject({
      code: "bad-data",
      message: "only 0 of the training images are left",
    });
    expect(existsSync(checkpointFile(path.join(folder, "a")))).toBe(false);
  });

  it("trains on fewer images than a batch holds, with sgd, kernels of 2 and no normalisation", async () => {
    const config = {
      ...smallConfig,
      epochs: 1,
      batchSize: 64,
      optimizer: "sgd",
      kernelSize: 2,
      normalization: "none",
    } as const;
    const train = smallSplit.train.subarray(0, 10);
    const { history } = await run("a", { config, split: { ...smallSplit, train } });
    expect(history[0]!.step).toBe(1);
  });

  it("frees every tensor, also after an error", async () => {
    const config = { ...smallConfig, epochs: 1 };
    await run("a", { config });
    const before = tensorCount();
    await run("b", { config });
    await expect(
      run("c", {
        config,
        onEpoch: () => {
          throw new Error("stop");
        },
      }),
    ).rejects.toThrow("stop");
    expect(tensorCount()).toBe(before);
  });
});
