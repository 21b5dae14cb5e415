import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { readRunConfig } from "@mien/cli";
import { MienError, type EpochRecord, type RunConfig, type RunMetrics } from "@mien/format";
import { readHistory } from "./history.ts";
import { holm, mcnemar, type McNemar } from "./mcnemar.ts";
import { predictedClasses } from "./metrics.ts";
import {
  predictionsFile,
  readPredictions,
  type MeasuredPart,
  type Predictions,
} from "./predictions.ts";
import { readRunMetrics } from "./run.ts";

/** A run beside others. */
export interface ComparedRun {
  readonly folder: string;
  /** The run's own name, or its folder where several have that name. */
  readonly name: string;
  readonly config: RunConfig;
  readonly metrics: RunMetrics;
  readonly history: readonly EpochRecord[];
}

/** Whether two runs differ on a part by more than chance. */
export interface ComparedPair extends McNemar {
  readonly part: MeasuredPart;
  /** What their answers were held against. */
  readonly by: "labels" | "votes";
  /** Places in the list of runs. */
  readonly first: number;
  readonly second: number;
  /** `p`, adjusted for the number of pairs that are compared (Holm). */
  readonly adjusted: number;
}

/** Runs side by side. */
export interface Comparison {
  readonly runs: readonly ComparedRun[];
  readonly pairs: readonly ComparedPair[];
  /** Settings that are not the same in all runs: [name, value in each run]. */
  readonly differences: readonly (readonly [string, readonly string[]])[];
}

/**
 * Compares finished runs by their stored predictions: on validation always, on the test part only
 * if it was opened for each of them before.
 *
 * @throws {MienError} `usage` for fewer than two runs, `mismatch` if they were measured on other
 * images or classes, and what reading a run throws.
 */
export async function compareRuns(folders: readonly string[]): Promise<Comparison> {
  if (folders.length < 2) {
    throw new MienError("usage", `expected two runs or more to compare, found ${folders.length}`, {
      advice: "Name them: `npx nx run train:compare RUN RUN`.",
    });
  }
  const configs = await Promise.all(folders.map((folder) => readRunConfig(folder)));
  const runs = await Promise.all(
    configs.map(async (config, i): Promise<ComparedRun> => {
      const folder = folders[i] as string;
      const namesakes = configs.filter(({ name }) => name === config.name);
      return {
        folder,
        name: namesakes.length > 1 ? folder : config.name,
        config,
        metrics: await readRunMetrics(folder),
        history: await readHistory(folder),
      };
    }),
  );
  const opened = folders.every((folder) => existsSync(predictionsFile(folder, "test")));
  const parts: MeasuredPart[] = opened ? ["validation", "test"] : ["validation"];
  const pairs: ComparedPair[] = [];
  for (const part of parts) {
    const predictions = await Promise.all(folders.map((folder) => readPredictions(folder, part)));
    requireSameImages(folders, predictions);
    pairs.push(...comparePart(part, predictions));
  }
  return { runs, pairs, differences: differencesOf(configs) };
}

/** All pairs on one part, by the labels and, if every run has them, by the votes. */
function comparePart(part: MeasuredPart, predictions: readonly Predictions[]): ComparedPair[] {
  const truths = {
    labels: predictions[0]?.labels,
    votes: predictions.every(({ votes }) => votes) ? predictions[0]?.votes : undefined,
  };
  return (["labels", "votes"] as const).flatMap((by) => {
    const truth = truths[by];
    if (truth === undefined) return [];
    const judged = [...truth.keys()].filter((i) => (truth[i] as number) >= 0);
    const right = predictions.map(({ probabilities, classes }) => {
      const answers = predictedClasses(probabilities, classes.length);
      return judged.map((i) => answers[i] === truth[i]);
    });
    const pairs = right.flatMap((first, i) =>
      right.slice(i + 1).map((second, j) => {
        return { part, by, first: i, second: i + 1 + j, ...mcnemar(first, second) };
      }),
    );
    const adjusted = holm(pairs.map(({ p }) => p));
    return pairs.map((pair, i) => ({ ...pair, adjusted: adjusted[i] as number }));
  });
}

function requireSameImages(folders: readonly string[], predictions: readonly Predictions[]): void {
  const [first, ...others] = predictions as [Predictions, ...Predictions[]];
  others.forEach((other, i) => {
    const differs = !isDeepStrictEqual(other.classes, first.classes)
      ? "classes"
      : !isDeepStrictEqual([other.row, other.labels], [first.row, first.labels])
        ? "images"
        : undefined;
    if (differs === undefined) return;
    throw new MienError(
      "mismatch",
      `${folders[0]} and ${folders[i + 1]} were measured on other ${differs}; only answers to the same questions can be compared`,
    );
  });
}

function differencesOf(configs: readonly RunConfig[]): [string, string[]][] {
  const flat = configs.map(({ data, split, seed, hyperparameters }) => {
    return { data: data.sha256.slice(0, 12), split, seed, ...hyperparameters };
  }) as Record<string, string | number | readonly number[] | undefined>[];
  const names = [...new Set(flat.flatMap((config) => Object.keys(config)))];
  return names
    .map((name): [string, string[]] => [name, flat.map((config) => String(config[name] ?? "–"))])
    .filter(([, values]) => new Set(values).size > 1);
}
