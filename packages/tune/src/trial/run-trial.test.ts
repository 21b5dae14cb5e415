import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identifyDataset } from "@mien/data";
import { resolveConfig, type TrainConfigInput } from "@mien/train";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runTrial, type Outcome } from "./run-trial.ts";
import { writeSmallStudy } from "../testing/small-study.ts";
import { forkTypeScript, start } from "../testing/workers.ts";

// Many processes start here, each of which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

let folder: string;
let sha256: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "mien-trial-"));
  await writeSmallStudy(folder);
  const csv = path.join(folder, "small.csv");
  ({ sha256 } = await identifyDataset({ csv, cacheFolder: path.join(folder, "cache") }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The request for a trial of a tiny network. */
const requestOf = (config: TrainConfigInput, more: object = {}) => ({
  csv: path.join(folder, "small.csv"),
  sha256,
  skipBadRows: false,
  split: { split: "official" } as const,
  classGroups: "",
  seed: 1,
  folder: path.join(folder, "trial"),
  config: resolveConfig({
    epochs: 3,
    batchSize: 16,
    widths: [4, 8, 8, 8],
    denseUnits: 16,
    precision: "fp32",
    ...config,
  }),
  ...more,
});

/** Runs a trial to its end. `onEpoch` is called after each epoch and returns whether to prune. */
async function outcomeOf(
  request: ReturnType<typeof requestOf>,
  onEpoch: (epoch: number) => boolean = () => false,
): Promise<{ outcome: Outcome; values: number[] }> {
  forkTypeScript();
  const values: number[] = [];
  const report = (epoch: number, value: number) => {
    values.push(value);
    return Promise.resolve(onEpoch(epoch));
  };
  const outcome = await runTrial(request, { signal: new AbortController().signal, report });
  return { outcome, values };
}

describe("a trial in a child process", () => {
  it("has the value of its best epoch, and leaves no files", async () => {
    const { outcome, values } = await outcomeOf(requestOf({}));
    expect(values).toHaveLength(3);
    expect(outcome).toEqual({ state: "complete", value: Math.max(...values) });
    expect(existsSync(path.join(folder, "trial"))).toBe(false);
  });

  it("ends after the epoch at which it is pruned", async () => {
    const { outcome, values } = await outcomeOf(
      requestOf({ epochs: 1000 }),
      (epoch) => epoch === 2,
    );
    expect(outcome).toEqual({ state: "pruned" });
    expect(values).toHaveLength(2);
  });

  it("fails with the reason if the training diverges", async () => {
    // With anti-aliased pooling, these settings end in a network that always predicts the same.
    const wild = {
      optimizer: "sgd",
      learningRate: 10,
      normalization: "none",
      pooling: "max",
      epochs: 50,
    } as const;
    const { outcome } = await outcomeOf(requestOf(wild));
    expect(outcome).toMatchObject({
      state: "failed",
      why: expect.stringMatching(/^diverged: the loss or the weights/) as string,
    });
  });

  it("fails without ending the search if its process is killed", async () => {
    const { outcome } = await outcomeOf(requestOf({ epochs: 100_000 }), () => {
      const search = ["-P", String(process.pid), "-f", "trial-process"];
      const pid = execFileSync("pgrep", search, { encoding: "utf8" });
      process.kill(Number(pid), "SIGKILL");
      return false;
    });
    expect(outcome).toMatchObject({
      state: "failed",
      why: expect.stringMatching(
        /ended with SIGKILL, perhaps by the system because memory/,
      ) as string,
    });
  });

  it("fails if it ends without reporting an accuracy", async () => {
    const request = JSON.stringify(requestOf({ epochs: 100_000 }));
    const stopped = start("testing/run-one-trial.ts", [request]);
    while (!stopped.out().includes("epoch 2")) await sleep(20);
    stopped.child.kill("SIGKILL");
    await stopped.ended;
    // The checkpoint of the stopped trial has more epochs than this trial.
    const { outcome } = await outcomeOf(requestOf({ epochs: 1 }));
    expect(outcome).toEqual({ state: "failed", why: "it reported no accuracy" });
  });

  it("fails if the data differs from the data of the study", async () => {
    const { outcome } = await outcomeOf(requestOf({}, { sha256: "0".repeat(64) }));
    expect(outcome).toMatchObject({
      state: "failed",
      why: expect.stringMatching(/^mismatch: .*small.csv is not the data set/) as string,
    });
  });
});
