import { existsSync } from "node:fs";
import path from "node:path";
import { readJson } from "@mien/cli";
import { MienError, type Calibration, type RunConfig, type RunMetrics } from "@mien/format";
import { z } from "zod";
import { hasOfficialSplit } from "../run/training-settings.ts";
import type { TestSetAccess } from "../run/test-set-access.ts";

/** A file of a released model. */
export interface ReleasedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Accuracy of the file on the validation split, by the labels, 0–1; null if not measured. */
  readonly accuracy: number | null;
  /** Median time for one face with one thread, in ms, on the machine that verified the file. */
  readonly latencyMs: number;
}

/** The score of a run that shows how much chance decides. */
export interface SeedScore {
  readonly seed: number;
  /** On the validation split, by the labels, 0–1. */
  readonly accuracy: number;
}

/** The content of the card of a model. */
export interface ReleasedModel {
  /** One sentence about the purpose of the model. */
  readonly description: string;
  readonly files: { readonly fp32: ReleasedFile; readonly int8?: ReleasedFile };
  /** Number of trained values, without moving averages. */
  readonly parameters: number;
  /** SHA-256 of the weights in the run folder. */
  readonly weights: string;
  readonly config: RunConfig;
  readonly epochs: number;
  /** The epoch that was kept, from 1. */
  readonly bestEpoch?: number;
  /**
   * `labels-and-votes`: the epoch was chosen by the mean of the accuracies by labels and by votes.
   * If it is absent, it was chosen by the accuracy by the target of the training.
   */
  readonly criterion?: "labels-and-votes";
  readonly calibration: Calibration;
  readonly metrics: RunMetrics;
  /** Runs that differ from that of the model only in the seed; absent if there are none. */
  readonly otherSeeds?: readonly SeedScore[];
  /** Every test-set access by this model and by earlier models of the same name, oldest first. */
  readonly openings: readonly TestSetAccess[];
  /** The command that reproduces the model. */
  readonly command: string;
}

/** The content of `artifacts/release/index.json`. */
export interface ReleaseIndex {
  /** The name of the model that commands use by default. */
  readonly default: string;
  readonly models: Readonly<Record<string, ReleasedModel>>;
}

/** The fields of each model that are read; the others are not checked. */
const requiredFields = z.object({
  models: z.record(
    z.string(),
    z.object({
      files: z.object({ fp32: z.looseObject({}) }),
      config: z.object({ data: z.looseObject({}) }),
      metrics: z.object({ validation: z.looseObject({}) }),
      openings: z.array(z.unknown()),
    }),
  ),
});

const isReleaseIndex = (value: unknown): value is Pick<ReleaseIndex, "models"> =>
  requiredFields.safeParse(value).success;

/** The name of the index in the folder of the released models. */
export const INDEX_FILE = "index.json";

/**
 * Reads the released models of a folder; none if there is no index.
 *
 * @throws {MienError} `bad-data` if the index is damaged.
 */
export async function readReleased(folder: string): Promise<Record<string, ReleasedModel>> {
  const file = path.join(folder, INDEX_FILE);
  if (!existsSync(file)) return {};
  const index = await readJson(file);
  if (isReleaseIndex(index)) return { ...index.models };
  throw new MienError("bad-data", `${file} is not an index of released models`, {
    advice: "Restore it from version control, or move it away and release every model again.",
  });
}

/**
 * The score by which the default model is chosen, 0–1: the mean of two mean recalls on validation,
 * one by labels and one by votes. Without votes, it is the mean recall by labels.
 */
export function balancedScore({ metrics }: ReleasedModel): number {
  const { meanRecall = 0, byVotes } = metrics.validation;
  return byVotes?.meanRecall === undefined ? meanRecall : (meanRecall + byVotes.meanRecall) / 2;
}

/**
 * The name of the model with the best `balancedScore`; the first one if several are equal. If some
 * models have the official split, the models with other splits are left out, and if some models were
 * evaluated by votes, the models without votes are left out, because their scores cannot be compared
 * with the others.
 */
export function chooseDefault(models: Readonly<Record<string, ReleasedModel>>): string {
  const all = Object.entries(models);
  const official = all.filter(([, { config }]) => hasOfficialSplit(config));
  const comparable = official.length > 0 ? official : all;
  const withVotes = comparable.filter(
    ([, { metrics }]) => metrics.validation.byVotes !== undefined,
  );
  return (withVotes.length > 0 ? withVotes : comparable).reduce((best, next) =>
    balancedScore(next[1]) > balancedScore(best[1]) ? next : best,
  )[0];
}
