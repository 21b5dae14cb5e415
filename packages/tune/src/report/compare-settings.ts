import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { formatSeconds, readBytes, writeJson, type Terminal } from "@mien/cli";
import { applyClasses, resolveSplit, type Dataset } from "@mien/data";
import {
  decodeTensors,
  RUN_FILES,
  tensorOf,
  type RunConfig,
  type RunMetrics,
  type SplitChoice,
} from "@mien/format";
import {
  finishRun,
  fit,
  inputsKey,
  predictedClasses,
  readRunMetrics,
  resolveConfig,
  trainingCode,
  type RunInputs,
  type TrainConfig,
} from "@mien/train";
import { selectionSplit } from "../trial/selection-split.ts";
import { gainOf, type Gain } from "./gain.ts";

/** One configuration and its runs with several seeds, evaluated on the validation split. */
interface Contestant {
  readonly name: "default" | "tuned";
  readonly config: TrainConfig;
  readonly runs: readonly { readonly folder: string; readonly metrics: RunMetrics }[];
}

/** Comparison of the tuned with the default settings. */
export interface Comparison extends Gain {
  readonly images: number;
  readonly contestants: readonly [Contestant, Contestant];
}

/**
 * Compares the best trial's settings with the default settings of train. Both are trained with the
 * budget of a trial and several seeds, and evaluated on the validation split, which no trial used. The epoch
 * of each run is chosen as in a trial, on the selection split. Finished runs are reused.
 *
 * @param given.trial number of the best trial, `given.hyperparameters` its settings.
 * @param given.folder where the runs are kept.
 * @throws {MienError} `interrupted` if the signal fires, and what `fit` throws.
 */
export async function compare(given: {
  readonly dataset: Dataset;
  readonly trial: number;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly budget: { readonly epochs: number; readonly subset: number };
  readonly split: SplitChoice;
  /** Groups of classes (\`mergeClasses\`); empty if all classes are kept. */
  readonly classGroups: string;
  readonly seeds: number;
  readonly folder: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}): Promise<Comparison> {
  const { budget, seeds, folder } = given;
  const contestant = async (
    name: Contestant["name"],
    prefix: string,
    hyperparameters: object,
  ): Promise<Contestant> => {
    const config = resolveConfig({ ...hyperparameters, ...budget });
    const runs: Contestant["runs"][number][] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const run = path.join(folder, `${prefix}-seed-${seed}`);
      runs.push({ folder: run, metrics: await measure(run, { ...given, name, config, seed }) });
    }
    return { name, config, runs };
  };
  const before = await contestant("default", "default", {});
  const after = await contestant("tuned", `trial-${given.trial}`, given.hyperparameters);
  const right = (one: Contestant) => Promise.all(one.runs.map((run) => answersOf(run.folder)));
  const [a, b] = [await right(before), await right(after)];
  return { ...gainOf(a, b), images: a[0]?.length ?? 0, contestants: [before, after] };
}

/** The metrics of one run, which is trained first if it does not exist. */
async function measure(
  folder: string,
  given: {
    readonly dataset: Dataset;
    readonly name: string;
    readonly config: TrainConfig;
    readonly seed: number;
    readonly split: SplitChoice;
    /** Groups of classes (\`mergeClasses\`); empty if all classes are kept. */
    readonly classGroups: string;
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
  },
): Promise<RunMetrics> {
  if (existsSync(path.join(folder, RUN_FILES.metrics))) return readRunMetrics(folder);
  const { config, seed, split: choice, terminal, signal } = given;
  const { set: whole, manifest, sha256, path: csv, skipped } = given.dataset;
  const { classGroups } = given;
  const parts = applyClasses(whole, await selectionSplit(whole, choice), classGroups);
  const { set } = parts;
  const made = {
    ...choice,
    ...(classGroups !== "" && { classGroups }),
    seed,
    hyperparameters: config,
  };
  const inputs: RunInputs = { data: sha256, ...made };
  const { name, licence } = manifest;
  const runConfig: RunConfig = {
    ...made,
    name: path.basename(folder),
    data: { name, sha256, path: csv, licence, skippedRows: skipped.length },
    classes: set.classes,
    input: { height: set.height, width: set.width, channels: set.channels },
    code: await trainingCode(),
  };
  await mkdir(folder, { recursive: true });
  await writeJson(path.join(folder, RUN_FILES.config), runConfig);
  const bar = terminal.progress(`${given.name}, seed ${seed}`, 100);
  try {
    const result = await fit({
      set,
      split: parts.split,
      config,
      seed,
      folder,
      inputs: inputsKey(inputs),
      signal,
      onProgress: ({ epoch, images, total, secondsLeft }) => {
        const done = Math.round((100 * (epoch - 1 + images / total)) / config.epochs);
        bar.update(done, `${formatSeconds(secondsLeft)} left of this run`);
      },
    });
    // The run is evaluated on the validation split, which was used neither to train it nor to choose its epoch.
    const evaluated = applyClasses(whole, await resolveSplit(whole, choice), classGroups);
    const split = { ...evaluated.split, train: parts.split.train };
    return (await finishRun(result, { set, split, config, folder })).metrics;
  } finally {
    bar.stop();
  }
}

/** Whether a run classifies each image of PublicTest correctly. */
async function answersOf(folder: string): Promise<boolean[]> {
  const file = path.join(folder, "predictions-validation.bin");
  const stored = decodeTensors(await readBytes(file), file);
  const labels = tensorOf(stored, "labels", "U8").data;
  const { data, shape } = tensorOf(stored, "probabilities", "F32");
  const answers = predictedClasses(data, shape[1] as number);
  return Array.from(labels, (label, i) => answers[i] === label);
}
