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
  splitChoiceOf,
  tensorOf,
  type Calibration,
  type ModelMetadata,
  type RunConfig,
} from "@mien/format";

import { PRECISION_NAMES, precisionOf, PRECISIONS, type Precision } from "./model-precision.ts";

/** Paths and names that follow from a run's folder. */
export interface RunPaths {
  /** The run's folder. */
  readonly run: string;
  /** The folder's name, with which the names of all exported files begin. */
  readonly name: string;
  /** The run on a command line: its name if it is in the default folder of runs, else its folder. */
  readonly argument: string;
}

/**
 * The paths and names of a run.
 *
 * @param run its folder.
 */
export function runPaths(run: string): RunPaths {
  const name = path.basename(path.resolve(run));
  const usual = path.resolve(run) === path.resolve(FOLDERS.runs, name);
  return { run, name, argument: usual ? name : run };
}

/**
 * The path that a run's model is exported to.
 *
 * @param folder default `artifacts/models`.
 * @param precision default `fp32`.
 */
export function modelFileOf(
  { name }: RunPaths,
  folder: string = FOLDERS.models,
  precision: Precision = "fp32",
): string {
  return path.join(folder, name + PRECISIONS[precision].extension);
}

/**
 * The path of an exported model of a run.
 *
 * @param file the path that the user gave; default `modelFileOf(paths)`.
 * @throws {MienError} `missing-file` if it does not exist.
 */
export function exportedModel(paths: RunPaths, file: string | undefined): string {
  const model = file ?? modelFileOf(paths);
  if (existsSync(model)) return model;
  throw new MienError("missing-file", `no exported model at ${model}`, {
    advice: `Export it with \`npx nx run export:onnx ${shellQuote(paths.argument)}\`.`,
  });
}

/** An exported model. */
export interface ModelFile {
  readonly precision: Precision;
  readonly file: string;
}

/**
 * The exported models of a run, float32 first.
 *
 * @param file the path of one model; default: all precisions that exist in `artifacts/models`.
 * @throws {MienError} `missing-file` if there is none; `bad-model` if `file` is damaged.
 */
export function findModels(paths: RunPaths, file: string | undefined): ModelFile[] {
  if (file !== undefined) {
    const model = exportedModel(paths, file);
    const stored = readOnnxMetadata(readFileSync(model), model)["mien.precision"];
    return [{ precision: precisionOf(stored), file: model }];
  }
  const others = PRECISION_NAMES.filter((precision) => precision !== "fp32").map((precision) => ({
    precision,
    file: modelFileOf(paths, undefined, precision),
  }));
  return [
    { precision: "fp32", file: exportedModel(paths, undefined) },
    ...others.filter((other) => existsSync(other.file)),
  ];
}

/** The flag that selects an exported model on a command line; empty if it is the default one. */
export function modelFlag(paths: RunPaths, model: string): string {
  return path.resolve(model) === path.resolve(modelFileOf(paths))
    ? ""
    : ` --model ${shellQuote(model)}`;
}

/**
 * Reads the configuration of a finished run.
 *
 * @throws {MienError} `conflict` if its training is not finished; the errors of `readRunConfig`.
 */
export async function readFinishedRun({ run, name }: RunPaths): Promise<RunConfig> {
  const config = await readRunConfig(run);
  if (existsSync(path.join(run, RUN_FILES.metrics))) return config;
  throw new MienError(
    "conflict",
    `the training of ${name} is not finished: ${run} has no ${RUN_FILES.metrics}`,
    { advice: "Repeat its `npx nx run train:fit` command to resume it." },
  );
}

/** A few inputs, and the outputs of the model for them at the end of training. */
export interface Reference {
  /** float32 [count, height, width, channels], 0–255. */
  readonly inputs: Float32Array;
  /** Probabilities at temperature 1, float32 [count, classes]. */
  readonly outputs: Float32Array;
  /** The number of images, at least 1. */
  readonly count: number;
}

/**
 * Reads the reference inputs and outputs of a run.
 *
 * @throws {MienError} `missing-file` if the file does not exist; `bad-data` if it is damaged or belongs
 * to another configuration.
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
 * Reads the calibration of a run: its temperature and the measured effect.
 *
 * @returns undefined if the run is not calibrated.
 * @throws {MienError} `bad-data` if its temperature is not above 0.
 */
export async function readCalibration({ run }: RunPaths): Promise<Calibration | undefined> {
  const file = path.join(run, RUN_FILES.calibration);
  if (!existsSync(file)) return undefined;
  const calibration: unknown = await readJson(file);
  if (isCalibration(calibration)) return calibration;
  throw new MienError(
    "bad-data",
    `"temperature" in ${file} must be a number above 0, found ${JSON.stringify(temperatureIn(calibration))}`,
  );
}

/** Whether a JSON value has a valid temperature; the measured effect is not checked. */
function isCalibration(value: unknown): value is Calibration {
  const temperature = temperatureIn(value);
  return typeof temperature === "number" && temperature > 0 && Number.isFinite(temperature);
}

function temperatureIn(value: unknown): unknown {
  return typeof value === "object" && value !== null && "temperature" in value
    ? value.temperature
    : undefined;
}

/** The metadata of an exported model: its labels and input, its training and its metrics. */
export async function describeRun(paths: RunPaths, config: RunConfig): Promise<ModelMetadata> {
  const { run, name } = paths;
  const { data, corrections, classGroups, seed, hyperparameters, code } = config;
  return {
    labels: config.classes,
    input: config.input,
    training: {
      run: name,
      data: { name: data.name, sha256: data.sha256, licence: data.licence },
      ...(corrections && { corrections: corrections.sha256 }),
      ...splitChoiceOf(config),
      ...(classGroups !== undefined && { classGroups }),
      seed,
      config: hyperparameters,
      code,
    },
    metrics: await readJson(path.join(run, RUN_FILES.metrics)),
    calibration: await readCalibration(paths),
  };
}

/** The SHA-256 of each file that an exported model is made from, by path in the run's folder. */
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
