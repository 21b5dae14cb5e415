import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readRunConfig } from "@mien/cli";
import { describeSplit } from "@mien/data";
import {
  itemAt,
  MienError,
  type EpochRecord,
  type RunConfig,
  type RunMetrics,
  type SplitMetrics,
} from "@mien/format";
import { readHistory } from "../run/history.ts";
import { holm, mcnemar, type McNemar } from "./mcnemar.ts";
import { predictedClasses } from "./predicted-classes.ts";
import {
  predictionsFile,
  readPredictions,
  type EvaluationSplit,
  type Predictions,
} from "./predictions.ts";
import { inputsOf } from "../run/run-inputs.ts";
import { readRunMetrics } from "../run/run-metrics.ts";

/** A run in a comparison. */
export interface ComparedRun {
  readonly folder: string;
  /** The name of the run, or its folder if several compared runs have that name. */
  readonly name: string;
  readonly config: RunConfig;
  readonly metrics: RunMetrics;
  readonly history: readonly EpochRecord[];
}

/** Whether the accuracies of two runs on a split differ by more than chance. */
export interface ComparedPair extends McNemar {
  readonly split: EvaluationSplit;
  /** The ground truth of the accuracies. */
  readonly by: "labels" | "votes";
  /** Index in the list of runs. */
  readonly first: number;
  /** Index in the list of runs. */
  readonly second: number;
  /** `p`, adjusted by Holm's method for the other pairs on the same split and ground truth. */
  readonly adjusted: number;
}

/** Several runs with the tests of all pairs. */
export interface Comparison {
  readonly runs: readonly ComparedRun[];
  readonly pairs: readonly ComparedPair[];
  /** The inputs that are not the same in all runs: [name, value in each run]. */
  readonly differences: readonly (readonly [string, readonly string[]])[];
  /** Sentences about metrics that could not be compared. */
  readonly warnings: readonly string[];
}

/**
 * Compares finished runs by their stored predictions: always on the validation split, and on the
 * test split if all of them were evaluated on it before. If the runs were evaluated by different
 * votes, the metrics by votes are left out, with a warning.
 *
 * @throws {MienError} `usage` for fewer than two runs or a run named twice, `mismatch` if the runs
 * were evaluated on different images or classes, and the errors of reading a run.
 */
export async function compareRuns(folders: readonly string[]): Promise<Comparison> {
  if (folders.length < 2) {
    throw new MienError("usage", `expected two runs or more to compare, found ${folders.length}`, {
      advice: "Name them: `npx nx run train:compare RUN RUN`.",
    });
  }
  const configured = await Promise.all(
    folders.map(async (folder) => ({ folder, config: await readRunConfig(folder) })),
  );
  const configs = configured.map(({ config }) => config);
  await requireDifferentRuns(folders);
  const areTested = folders.every((folder) => existsSync(predictionsFile(folder, "test")));
  const splits: EvaluationSplit[] = areTested ? ["validation", "test"] : ["validation"];
  const pairs: ComparedPair[] = [];
  const withoutVotes: EvaluationSplit[] = [];
  const warnings: string[] = [];
  for (const split of splits) {
    const predictions = await Promise.all(folders.map((folder) => readPredictions(folder, split)));
    requireSameImages(configured, predictions);
    pairs.push(...compareOnSplit(split, predictions));
    const known = predictions.map(({ votes }) => votes).filter((votes) => votes !== undefined);
    if (!areEqual(known)) {
      withoutVotes.push(split);
      warnings.push(
        `On ${split} the runs were evaluated by different FER+ votes: metrics by votes are left out.`,
      );
    } else if (known.length > 0 && known.length < folders.length) {
      warnings.push(
        `On ${split} some runs were evaluated without FER+ votes: there is no test by votes.`,
      );
    }
  }
  const runs = await Promise.all(
    configured.map(async ({ folder, config }): Promise<ComparedRun> => {
      const namesakes = configs.filter(({ name }) => name === config.name);
      return {
        folder,
        name: namesakes.length > 1 ? folder : config.name,
        config,
        metrics: removeVotes(await readRunMetrics(folder), withoutVotes),
        history: await readHistory(folder),
      };
    }),
  );
  return { runs, pairs, differences: differencesOf(configs), warnings };
}

/** All pairs on one split, by the labels and, if every run has the same votes, by the votes. */
function compareOnSplit(
  split: EvaluationSplit,
  predictions: readonly Predictions[],
): ComparedPair[] {
  const truths = {
    labels: predictions[0]?.labels,
    votes: areEqual(predictions.map(({ votes }) => votes)) ? predictions[0]?.votes : undefined,
  };
  return (["labels", "votes"] as const).flatMap((by) => {
    const truth = truths[by];
    if (truth === undefined) return [];
    const known = [...truth].map((label, image) => ({ label, image })).filter(hasLabel);
    const correct = predictions.map(({ probabilities, classes }) => {
      const predicted = predictedClasses(probabilities, classes.length);
      return known.map(({ label, image }) => predicted[image] === label);
    });
    const pairs = correct.flatMap((first, i) =>
      correct.slice(i + 1).map((second, j) => {
        return { split, by, first: i, second: i + 1 + j, ...mcnemar(first, second) };
      }),
    );
    const adjusted = holm(pairs.map(({ p }) => p));
    return pairs.map((pair, i) => ({ ...pair, adjusted: itemAt(adjusted, i) }));
  });
}

function hasLabel({ label }: { readonly label: number }): boolean {
  return label >= 0;
}

function requireSameImages(
  runs: readonly { readonly folder: string; readonly config: RunConfig }[],
  predictions: readonly Predictions[],
): void {
  const [first, ...others] = predictions;
  if (first === undefined) return;
  others.forEach((other, i) => {
    const differs = !isDeepStrictEqual(other.classes, first.classes)
      ? "classes"
      : !isDeepStrictEqual([other.row, other.labels], [first.row, first.labels])
        ? "images"
        : undefined;
    if (differs === undefined) return;
    const pair = [itemAt(runs, 0), itemAt(runs, i + 1)];
    const [split, otherSplit] = pair.map(({ config }) => describeSplit(config));
    const cause =
      split === otherSplit ? "" : `, because their splits are ${split} and ${otherSplit}`;
    throw new MienError(
      "mismatch",
      `${pair.map(({ folder }) => folder).join(" and ")} were evaluated on different ${differs}${cause}; only predictions on the same images and classes can be compared`,
    );
  });
}

/**
 * A folder name for a comparison, below 255 bytes: the names of two runs, the number of further
 * runs, and a hash of all their paths (without the hash, `a` with `b-c` would have the same name as
 * `a-b` with `c`).
 */
export function comparisonName(folders: readonly string[]): string {
  const places = folders.map((folder) => path.resolve(folder));
  const names = places.slice(0, 2).map((place) => path.basename(place).slice(0, 32));
  const more = places.length > 2 ? [`and-${places.length - 2}-more`] : [];
  const hash = createHash("sha256").update(JSON.stringify(places)).digest("hex").slice(0, 8);
  return [...names, ...more, hash].join("-");
}

async function requireDifferentRuns(folders: readonly string[]): Promise<void> {
  const places = await Promise.all(folders.map((folder) => realpath(folder)));
  const twice = folders.find((_, i) => places.slice(0, i).includes(itemAt(places, i)));
  if (twice === undefined) return;
  throw new MienError("usage", `${twice} is named twice: a run cannot be compared with itself`);
}

/** The metrics of a run, without the metrics by votes on the given splits. */
function removeVotes(metrics: RunMetrics, splits: readonly EvaluationSplit[]): RunMetrics {
  const result: Writable<RunMetrics> = { ...metrics };
  for (const split of splits) {
    if (metrics[split] === undefined) continue;
    const rest: Writable<SplitMetrics> = { ...metrics[split] };
    delete rest.byVotes;
    result[split] = rest;
  }
  return result;
}

type Writable<T> = { -readonly [key in keyof T]: T[key] };

function areEqual(values: readonly unknown[]): boolean {
  return values.every((value) => isDeepStrictEqual(value, values[0]));
}

function textOf(value: unknown): string {
  const text = String(value);
  return value === undefined ? "–" : text;
}

/** The inputs of some runs that are not the same in all of them: [name, value in each run]. */
function differencesOf(configs: readonly RunConfig[]): [string, string[]][] {
  const flat = configs.map((config): Readonly<Record<string, unknown>> => {
    const { data, votes, teacher, hyperparameters, ...rest } = inputsOf(config);
    return {
      data: data.slice(0, 12),
      votes: votes?.slice(0, 12),
      teacher: teacher?.slice(0, 12),
      ...rest,
      ...hyperparameters,
      code: config.code,
    };
  });
  const names = [...new Set(flat.flatMap((config) => Object.keys(config)))];
  return names
    .map((name): [string, string[]] => [name, flat.map((config) => textOf(config[name]))])
    .filter(([, values]) => new Set(values).size > 1);
}
