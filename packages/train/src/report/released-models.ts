import { existsSync } from "node:fs";
import path from "node:path";
import { readJson } from "@mien/cli";
import { MienError, type Calibration, type RunConfig, type RunMetrics } from "@mien/format";
import type { Opening } from "../run/test-set-access.ts";

/** A file of a released model. */
export interface ReleasedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** On validation by the data set's labels, in onnxruntime, 0–1. */
  readonly accuracy: number | null;
  /** Median milliseconds for one face, one thread, on the machine that made it. */
  readonly latencyMs: number;
}

/** Everything that a card says about a model. */
export interface ReleasedModel {
  /** One sentence: what it was trained for. */
  readonly description: string;
  readonly files: { readonly fp32: ReleasedFile; readonly int8?: ReleasedFile };
  /** Trained values; moving averages do not count. */
  readonly parameters: number;
  /** SHA-256 of the weights in the run folder. */
  readonly weights: string;
  readonly config: RunConfig;
  readonly epochs: number;
  /** The epoch that was kept, from 1. */
  readonly bestEpoch?: number;
  readonly calibration: Calibration;
  readonly metrics: RunMetrics;
  /** Every look at the test part by this model and earlier ones of its name, by time. */
  readonly openings: readonly Opening[];
  /** The command that trains and exports it again. */
  readonly command: string;
}

/** The content of `artifacts/release/index.json`. */
export interface ReleaseIndex {
  /** The name of the model that commands use unless told otherwise. */
  readonly default: string;
  readonly models: Readonly<Record<string, ReleasedModel>>;
}

/** The index beside the released models. */
export const INDEX_FILE = "index.json";

/**
 * The released models of a folder; none where there is no index.
 *
 * @throws {MienError} `bad-data` if the index is damaged.
 */
export async function readReleased(folder: string): Promise<Record<string, ReleasedModel>> {
  const file = path.join(folder, INDEX_FILE);
  if (!existsSync(file)) return {};
  const index = (await readJson(file)) as Partial<ReleaseIndex> | null;
  const models = index?.models;
  const isWhole = (model: Partial<ReleasedModel>) =>
    model.files?.fp32 && model.config?.data && model.metrics?.validation && model.openings;
  if (models && Object.values(models).every(isWhole)) return { ...models };
  throw new MienError("bad-data", `${file} is not an index of released models`, {
    advice: "Restore it from version control, or move it away and release every model anew.",
  });
}

/**
 * The mean recall of the classes, averaged over the data set's labels and the FER+ votes, on
 * validation: by this the default is chosen. By labels alone where there are no votes.
 */
export function balancedScore({ metrics }: ReleasedModel): number {
  const { meanRecall = 0, byVotes } = metrics.validation;
  return byVotes?.meanRecall === undefined ? meanRecall : (meanRecall + byVotes.meanRecall) / 2;
}

/**
 * The name of the model with the best `balancedScore`; of equals the first. Where some were judged by
 * votes, one that was not cannot be compared and is passed over.
 */
export function chooseDefault(models: Readonly<Record<string, ReleasedModel>>): string {
  const all = Object.entries(models);
  const judged = all.filter(([, { metrics }]) => metrics.validation.byVotes !== undefined);
  return (judged.length > 0 ? judged : all).reduce((best, next) =>
    balancedScore(next[1]) > balancedScore(best[1]) ? next : best,
  )[0];
}
