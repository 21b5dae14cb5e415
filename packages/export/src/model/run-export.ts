import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createHash } from "node:crypto";
import path from "node:path";
import { FOLDERS, readBytes, readJson, readRunConfig, shellQuote } from "@mien/cli";
import {
  decodeTensors,
  MienError,
  readOnnxMetadata,
  RUN_FILES,
  tensorOf,
  type Calibration,
  type ModelMetadata,
  type RunConfig,
} from "@mien/format";

import { PRECISIONS, type Precision } from "./model-precision.ts";

/** What the name of a run decides. */
export interface RunPaths {
  /** The run's folder. */
  readonly run: string;
  /** The folder's name, after which everything that is exported is called. */
  readonly name: string;
  /** What names the run on a command line: its name where that is enough, else its folder. */
  readonly argument: string;
}

/** Names what belongs to a run. */
export function runPaths(run: string): RunPaths {
  const name = path.basename(path.resolve(run));
  const usual = path.resolve(run) === path.resolve(FOLDERS.runs, name);
  return { run, name, argument: usual ? name : run };
}

/** Where a run's model is exported to. */
export function modelFileOf(
  { name }: RunPaths,
  folder: string = FOLDERS.models,
  precision: Precision = "fp32",
): string {
  return path.join(folder, name + PRECISIONS[precision].extension);
}

/**
 * The exported model of a run, which must be there.
 *
 * @param file the path that the user gave, if any.
 * @throws {MienError} `missing-file` if it is not.
 */
export function exportedModel(paths: RunPaths, file: string | undefined): string {
  const model = file ?? modelFileOf(paths);
  if (existsSync(model)) return model;
  throw new MienError("missing-file", `no exported model at ${model}`, {
    advice: `Make it with \`npx nx run export:onnx ${shellQuote(paths.argument)}\`.`,
  });
}

/** An exported model. */
export interface ModelFile {
  readonly precision: Precision;
  readonly file: string;
}

/**
 * The named model, or all precisions that the run was exported in, float32 first.
 *
 * @throws {MienError} `missing-file` if there is none, `bad-model` if the named one is damaged.
 */
export function findModels(paths: RunPaths, file: string | undefined): ModelFile[] {
  const precisions = Object.keys(PRECISIONS) as Precision[];
  if (file !== undefined) {
    const model = exportedModel(paths, file);
    const stored = readOnnxMetadata(readFileSync(model), model)["mien.precision"];
    return [{ precision: precisions.find((name) => name === stored) ?? "fp32", file: model }];
  }
  const others = precisions
    .filter((precision) => precision !== "fp32")
    .map((precision) => ({ precision, file: modelFileOf(paths, undefined, precision) }));
  return [
    { precision: "fp32", file: exportedModel(paths, undefined) },
    ...others.filter((other) => existsSync(other.file)),
  ];
}

/** What a command line needs to name an exported model: nothing where it is looked for anyway. */
export function modelFlag(paths: RunPaths, model: string): string {
  return path.resolve(model) === path.resolve(modelFileOf(paths))
    ? ""
    : ` --model ${shellQuote(model)}`;
}

/**
 * The configuration of a run that is finished.
 *
 * @throws {MienError} `conflict` if its training has not ended.
 */
export async function readFinishedRun({ run, name }: RunPaths): Promise<RunConfig> {
  const config = await readRunConfig(run);
  if (existsSync(path.join(run, RUN_FILES.metrics))) return config;
  throw new MienError(
    "conflict",
    `the training of ${name} is not finished: ${run} has no ${RUN_FILES.metrics}`,
    { advice: "Repeat its `npx nx run train:fit` command to go on with it." },
  );
}

/** A few inputs of a run and what its model answered when training ended. */
export interface Reference {
  /** float32 [count, height, width, channels], 0–255. */
  readonly inputs: Float32Array;
  /** float32 [count, classes]. */
  readonly outputs: Float32Array;
  readonly count: number;
}

/**
 * Reads a run's reference.
 *
 * @throws {MienError} `missing-file` or `bad-data` if it is not there, damaged, or made for another
 * configuration.
 */
export async function readReference({ run }: RunPaths, config: RunConfig): Promise<Reference> {
  const file = path.join(run, RUN_FILES.reference);
  const tensors = decodeTensors(await readBytes(file), file);
  const inputs = tensorOf(tensors, "inputs", "F32");
  const outputs = tensorOf(tensors, "outputs", "F32");
  const { height, width, channels } = config.input;
  const [count = 0] = inputs.shape;
  const expected = [count, height, width, channels].join();
  const fits = outputs.shape.join() === [count, config.classes.length].join();
  if (count === 0 || inputs.shape.join() !== expected || !fits) {
    throw new MienError(
      "bad-data",
      `${file} holds inputs [${inputs.shape.join(", ")}] and outputs [${outputs.shape.join(", ")}], ` +
        `expected [n, ${height}, ${width}, ${channels}] and [n, ${config.classes.length}]`,
    );
  }
  return { inputs: inputs.data, outputs: outputs.data, count };
}

/**
 * The temperature that a run was calibrated with and what it was measured to do.
 *
 * @returns undefined for a run without calibration.
 * @throws {MienError} `bad-data` if its temperature is not above 0.
 */
export async function readCalibration({ run }: RunPaths): Promise<Calibration | undefined> {
  const file = path.join(run, RUN_FILES.calibration);
  if (!existsSync(file)) return undefined;
  const calibration = (await readJson(file)) as Partial<Calibration> | null;
  const { temperature } = calibration ?? {};
  if (typeof temperature !== "number" || !(temperature > 0 && Number.isFinite(temperature))) {
    throw new MienError(
      "bad-data",
      `"temperature" in ${file} must be a number above 0, found ${JSON.stringify(temperature)}`,
    );
  }
  return calibration as Calibration;
}

/** What a model file says about itself: where it comes from and what was measured. */
export async function describeRun(paths: RunPaths, config: RunConfig): Promise<ModelMetadata> {
  const { run, name } = paths;
  const { data, split, seed, hyperparameters, code } = config;
  return {
    labels: config.classes,
    input: config.input,
    training: {
      run: name,
      data: { name: data.name, sha256: data.sha256, licence: data.licence },
      split,
      seed,
      config: hyperparameters,
      code,
    },
    metrics: await readJson(path.join(run, RUN_FILES.metrics)),
    calibration: await readCalibration(paths),
  };
}

/** SHA-256 of every file that an exported model is made from, by path inside the run's folder. */
export async function hashRun({ run }: RunPaths): Promise<Record<string, string>> {
  const modelFiles = await readdir(path.join(run, RUN_FILES.model)).catch(() => []);
  const files = [
    RUN_FILES.config,
    RUN_FILES.metrics,
    RUN_FILES.reference,
    ...(existsSync(path.join(run, RUN_FILES.calibration)) ? [RUN_FILES.calibration] : []),
    ...modelFiles.sort().map((file) => `${RUN_FILES.model}/${file}`),
  ];
  const hashes: Record<string, string> = {};
  for (const file of files) {
    hashes[file] = createHash("sha256")
      .update(await readBytes(path.join(run, file)))
      .digest("hex");
  }
  return hashes;
}
