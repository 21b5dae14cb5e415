import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { VOTE_COLUMNS } from "@mien/data";
import { random, USAGES, type NamedTensor, type RunMetrics } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRunConfig } from "@mien/cli";
import { bestEpoch, readHistory } from "../run/history.ts";
import { readStartWeights } from "../run/start-weights.ts";
import { smallFlags, smallSet, writeCsv } from "../testing/small-set.ts";
import { runCommand } from "../testing/run-command.ts";

const RELEASE = path.resolve(import.meta.dirname, "../../../../artifacts/release");
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-criterion-"));
  await writeCsv(path.join(folder, "small.csv"), smallSet);
  // Random votes, many of them without a winner or for an answer that is not a class.
  const stream = random("votes");
  const lines = Array.from(smallSet.usage, (usage) => {
    const counts = VOTE_COLUMNS.map(() => stream.integer(4));
    return [USAGES[usage], "", ...counts].join();
  });
  const header = ["Usage", "Image name", ...VOTE_COLUMNS].join();
  await writeFile(path.join(folder, "votes.csv"), [header, ...lines, ""].join("\n"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fit = (out: string, voteShare: string, ...flags: string[]) =>
  runCommand(
    folder,
    ...["fit", "--csv", "small.csv", "--ferplus", "votes.csv", "--out", out],
    ...[...smallFlags, "--vote-share", voteShare, ...flags],
  );

describe("a run that is trained on labels and votes", () => {
  it("keeps the epoch with the highest mean of the accuracies by labels and by votes", async () => {
    const outcome = await fit("both", "0.5", "--ema", "0.9");
    expect(outcome.code, outcome.err).toBe(0);
    const history = await readHistory(path.join(folder, "both"));
    const kept = bestEpoch(history);
    const record = history[kept - 1]!;
    expect(record.criterion).toBe(Math.max(...history.map(({ criterion = NaN }) => criterion)));
    // The metrics are computed with the saved model, by other code.
    const metrics = path.join(folder, "both/metrics.json");
    const { validation } = JSON.parse(await readFile(metrics, "utf8")) as RunMetrics;
    expect(validation.byVotes!.images).toBeLessThan(validation.images);
    expect(record.validationAccuracyByLabels).toBe(validation.accuracy);
    expect(record.validationAccuracyByVotes).toBe(validation.byVotes!.accuracy);
    expect(record.criterion).toBe((validation.accuracy + validation.byVotes!.accuracy) / 2);
    expect(outcome.out).toContain(
      `weights of epoch ${kept}, the best on validation by the mean of the accuracies by labels and by votes`,
    );
    expect(outcome.out).toMatch(/by labels [\d.]+ %, by votes [\d.]+ %, criterion [\d.]+ %/);
  }, 180_000);

  it("has two heads by --vote-head, whose weights other shares of the votes take over", async () => {
    const heads = ["--vote-head", "0.5", "--ema", "0.9"];
    const labels = await fit("labels", "0", ...heads);
    expect(labels.code, labels.err).toBe(0);
    // Its hyperparameters come with the weights.
    const votes = await runCommand(
      folder,
      ...["fit", "--csv", "small.csv", "--ferplus", "votes.csv", "--out", "votes"],
      ...["--weights-of", "labels", "--vote-share", "1"],
    );
    expect(votes.code, votes.err).toBe(0);
    const metricsOf = async (name: string) => {
      const content = await readFile(path.join(folder, name, "metrics.json"), "utf8");
      return (JSON.parse(content) as RunMetrics).validation;
    };
    const history = await readHistory(path.join(folder, "votes"));
    expect(history).toEqual(await readHistory(path.join(folder, "labels")));
    const record = history[bestEpoch(history) - 1]!;
    expect((await metricsOf("labels")).accuracy).toBe(record.validationAccuracyByLabels);
    const byVotes = (await metricsOf("votes")).byVotes!.accuracy;
    expect(byVotes).toBe(record.validationAccuracyByVotes);
    const predictions = (name: string) =>
      readFile(path.join(folder, name, "predictions-validation.bin"));
    expect(await predictions("votes")).not.toEqual(await predictions("labels"));

    const other = await fit("other", "1", ...heads, "--seed", "2", "--weights-of", "labels");
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/cannot be taken, as it has other settings:\n {2}seed: 1 → 2\n/);
    const taught = await runCommand(
      folder,
      ...["teach", "labels", "votes", "--csv", "small.csv", "--out", "teacher.bin"],
    );
    const again = await runCommand(
      folder,
      ...["teach", "teacher.bin", "labels", "--csv", "small.csv", "--out", "teacher-2.bin"],
    );
    expect(again.code, again.err).toBe(0);
    expect(again.out).toMatch(/2 sources: ([\d.]+ %) of .*\n1 source of the votes:/);
    expect(taught.code, taught.err).toBe(0);
    expect(taught.out).toMatch(/1 source: [\d.]+ % of .*\n1 source of the votes: [\d.]+ % of /);
  }, 180_000);

  it("starts from the weights of another run, also with one head more, by --start", async () => {
    const first = await fit("first", "0", "--epochs", "1");
    expect(first.code, first.err).toBe(0);
    const still = ["--learning-rate", "1e-8", "--epochs", "1", "--start", "first"];
    const second = await fit("second", "0", "--vote-head", "1", ...still);
    expect(second.code, second.err).toBe(0);
    const kernel = async (name: string) => {
      const run = path.join(folder, name);
      const { hyperparameters: _, ...config } = await readRunConfig(run);
      expect(config.start?.sha256.length).toBe(name === "first" ? undefined : 64);
      const { state } = (await readStartWeights(run)) as { state: Record<string, NamedTensor> };
      return Array.from(state["conv4.kernel"]!.data);
    };
    const [before, after] = [await kernel("first"), await kernel("second")];
    after.forEach((value, i) => expect(value).toBeCloseTo(before[i]!, 5));
    // What the training started from comes with its weights.
    const shared = await runCommand(
      folder,
      ...["fit", "--csv", "small.csv", "--ferplus", "votes.csv", "--out", "shared"],
      ...["--weights-of", "second", "--vote-share", "1"],
    );
    expect(shared.code, shared.err).toBe(0);
    expect(await kernel("shared")).toEqual(after);

    const other = await fit("wider", "0", "--dense-units", "17", ...still);
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/first has another network: --dense-units 16, not 17\nLeave /);
    expect(existsSync(path.join(folder, "wider"))).toBe(false);
  }, 180_000);

  it("starts from an ONNX file by --start, with a new output layer for other classes", async () => {
    const startFrom = (model: string, ...flags: string[]) =>
      runCommand(
        folder,
        ...["fit", "--csv", "small.csv", "--start", path.join(RELEASE, model), "--epochs", "1"],
        ...["--out", "tuned", ...flags],
      );
    const compressed = await startFrom("pocket.int8.onnx");
    expect(compressed.code).toBe(1);
    expect(compressed.err).toMatch(/pocket\.int8\.onnx: expected a model in fp32, found int8\n/);
    const narrow = await startFrom("pocket.onnx", "--widths", "8,8,8,8");
    expect(narrow.err).toMatch(/another network: --widths 32,48,96,128, not 8,8,8,8\n/);
    const classes = ["--classes", "Good=Happy,Surprise;Bad=Angry,Disgust,Fear,Sad;Neutral"];
    const tuned = await startFrom("pocket.onnx", ...classes);
    expect(tuned.code, tuned.err).toBe(0);
    expect(tuned.out).toMatch(/pocket\.onnx has other classes, so the output layer starts /);
    const config = await readRunConfig(path.join(folder, "tuned"));
    expect(config.hyperparameters["widths"]).toEqual([32, 48, 96, 128]);
    const blurred = await startFrom("pocket.onnx", "--pooling", "blur", "--fresh");
    expect(blurred.code, blurred.err).toBe(0);
  }, 180_000);

  it.each(["0", "1"])(
    "has no criterion of its own with a vote share of %s",
    async (voteShare) => {
      const outcome = await fit(`one-${voteShare}`, voteShare, "--epochs", "1");
      expect(outcome.code, outcome.err).toBe(0);
      const [record] = await readHistory(path.join(folder, `one-${voteShare}`));
      expect(Object.keys(record!)).not.toContain("criterion");
      expect(outcome.out).not.toContain("criterion");
    },
    180_000,
  );
});
