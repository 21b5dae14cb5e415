import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { readRunConfig } from "@mien/cli";
import { MienError, type EpochRecord, type RunConfig, type RunMetrics } from "@mien/format";
import { readHistory } from "../run/history.ts";
import { holm, mcnemar, type McNemar } from "./mcnemar.ts";
import { predictedClasses } from "./metrics.ts";
import {
  predictionsFile,
  readPredictions,
  type MeasuredPart,
  type Predictions,
} from "./predictions.ts";
import { inputsOf, readRunMetrics } from "../run/run.ts";

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
  /** `p`, adjusted for the other pairs on the same part by the same judge (Holm). */
  readonly adjusted: number;
}

/** Runs side by side. */
export interface Comparison {
  readonly runs: readonly ComparedRun[];
  readonly pairs: readonly ComparedPair[];
  /** What the runs were made from and by that is not the same: [name, value in each run]. */
  readonly differences: readonly (readonly [string, readonly string[]])[];
  /** Whole sentences about what could not be compared. */
  readonly warnings: readonly string[];
}

/**
 * Compares finished runs by their stored predictions: on validation always, on the test part only
 * if it was opened for each of them before. Where they were judged by different votes, these are
 * left out, with a warning.
 *
 * @throws {MienError} `usage` for fewer than two runs or one run named twice, `mismatch` if they
 * were measured on other images or classes, and what reading a run throws.
 */
export async function compareRuns(folders: readonly string[]): Promise<Comparison> {
  if (folders.length < 2) {
    throw new MienError("usage", `expected two runs or more to compare, found ${folders.length}`, {
      advice: "Name them: `npx nx run train:compare RUN RUN`.",
    });
  }
  const configs = await Promise.all(folders.map((folder) => readRunConfig(folder)));
  await requireDifferentRuns(folders);
  const opened = folders.every((folder) => existsSync(predictionsFile(folder, "test")));
  const parts: MeasuredPart[] = opened ? ["validation", "test"] : ["validation"];
  const pairs: ComparedPair[] = [];
  const unlike: MeasuredPart[] = [];
  const warnings: string[] = [];
  for (const part of parts) {
    const predictions = await Promise.all(folders.map((folder) => readPredictions(folder, part)));
    requireSameImages(folders, predictions);
    pairs.push(...comparePart(part, predictions));
    const known = predictions.map(({ votes }) => votes).filter((votes) => votes !== undefined);
    if (!areEqual(known)) {
      unlike.push(part);
      warnings.push(`On ${part} the runs were judged by different FER+ votes: these are left out.`);
    } else if (known.length > 0 && known.length < folders.length) {
      warnings.push(`On ${part} some runs were judged without FER+ votes: no test is by votes.`);
    }
  }
  const runs = await Promise.all(
    configs.map(async (config, i): Promise<ComparedRun> => {
      const folder = folders[i] as string;
      const namesakes = configs.filter(({ name }) => name === config.name);
      return {
        folder,
        name: namesakes.length > 1 ? folder : config.name,
        config,
        metrics: withoutVotes(await readRunMetrics(folder), unlike),
        history: await readHistory(folder),
      };
    }),
  );
  return { runs, pairs, differences: differencesOf(configs), warnings };
}

/** All pairs on one part, by the labels and, if every run has the same ones, by the votes. */
function comparePart(part: MeasuredPart, predictions: readonly Predictions[]): ComparedPair[] {
  const truths = {
    labels: predictions[0]?.labels,
    votes: areEqual(predictions.map(({ votes }) => votes)) ? predictions[0]?.votes : undefined,
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

/**
 * A folder name for a comparison, below 255 bytes: the names of two runs, how many more there are,
 * and a hash of where they all lie, as `a` with `b-c` reads like `a-b` with `c`.
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
  const twice = folders.find((_, i) => places.indexOf(places[i] as string) < i);
  if (twice === undefined) return;
  throw new MienError("usage", `${twice} is named twice: a run cannot be compared with itself`);
}

/** Metrics of a run without what votes say about some parts. */
function withoutVotes(metrics: RunMetrics, parts: readonly MeasuredPart[]): RunMetrics {
  const rest = structuredClone(metrics) as { [part in MeasuredPart]?: { byVotes?: unknown } };
  for (const part of parts) delete rest[part]?.byVotes;
  return rest as RunMetrics;
}

function areEqual(values: readonly unknown[]): boolean {
  return values.every((value) => isDeepStrictEqual(value, values[0]));
}

function differencesOf(configs: readonly RunConfig[]): [string, string[]][] {
  const flat = configs.map((config) => {
    const { data, votes, teacher, hyperparameters, ...rest } = inputsOf(config);
    return {
      data: data.slice(0, 12),
      votes: votes?.slice(0, 12),
      teacher: teacher?.slice(0, 12),
      ...rest,
      ...hyperparameters,
      code: config.code,
    };
  }) as Record<string, string | number | readonly number[] | undefined>[];
  const names = [...new Set(flat.flatMap((config) => Object.keys(config)))];
  return names
    .map((name): [string, string[]] => [name, flat.map((config) => String(config[name] ?? "–"))])
    .filter(([, values]) => new Set(values).size > 1);
}
