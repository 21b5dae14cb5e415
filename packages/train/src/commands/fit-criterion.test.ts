import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { VOTE_COLUMNS } from "@mien/data";
import { random, USAGES, type RunMetrics } from "@mien/format";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bestEpoch, readHistory } from "../run/history.ts";
import { smallFlags, smallSet, writeCsv } from "../testing/small-set.ts";
import { runCommand } from "../testing/run-command.ts";

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
