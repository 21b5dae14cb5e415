import { createHash } from "node:crypto";
import path from "node:path";
import { findRun, flagOf, readBytes, readRunConfig } from "@mien/cli";
import { MienError, RUN_FILES, type ModelInput, type SourceFile } from "@mien/format";
import {
  EARLIER_DEFAULTS,
  resolveConfig,
  type TrainConfig,
  type TrainConfigInput,
} from "../config.ts";
import type { StartWeights } from "../step.ts";
import { checkpointFile, loadCheckpoint } from "./checkpoint.ts";
import { readExportedModel } from "./read-exported-model.ts";
import { inputsKey, inputsOf } from "./run-inputs.ts";

/** The hyperparameters of the network. All but the pooling determine layers with weights. */
const NETWORK = [
  ...(["widths", "depth", "kernelSize", "firstKernelSize", "pooling", "squeezeExcite"] as const),
  ...(["head", "denseUnits", "normalization"] as const),
];

/**
 * Finds the weights that a training starts from.
 *
 * @param start the path of an ONNX file, or a finished run (`findRun`).
 * @returns the path of the ONNX file or of the run's folder.
 * @throws {MienError} `missing-file` if there is no such run.
 */
export async function findStart(start: string): Promise<string> {
  return isModel(start) ? start : findRun(start);
}

/**
 * The file of the weights that a training starts from, which identifies them among its inputs: the
 * ONNX file, or the weights of the run.
 *
 * @throws {MienError} `missing-file` if there is no such file.
 */
export async function identifyStart(start: string): Promise<SourceFile> {
  const file = isModel(start) ? start : path.join(start, RUN_FILES.model, "weights.bin");
  const content = await readBytes(file);
  return { path: file, sha256: createHash("sha256").update(content).digest("hex") };
}

/** What `--start` named: the ONNX file, or the folder of the run that a file of weights belongs to. */
export function startOf(file: string): string {
  return isModel(file) ? file : path.dirname(path.dirname(file));
}

/** The network whose weights a training starts from. */
export interface StartNetwork {
  /** The hyperparameters that determine its layers with weights. */
  readonly settings: TrainConfigInput;
  readonly input: ModelInput;
}

/**
 * Reads which network a training starts from.
 *
 * @param start the path of an ONNX file of mien, or the folder of a run.
 * @throws {MienError} `missing-file` or `bad-data` if there is no such run, `bad-model` if the file
 * is not an ONNX model of mien in 32 bits, or has layers that cannot be read from it.
 */
export async function readStartNetwork(start: string): Promise<StartNetwork> {
  const { config, input } = isModel(start) ? await readModel(start) : await readRun(start);
  return { settings: networkSettings(config, start), input };
}

/**
 * The hyperparameters that determine the layers with weights of a network.
 *
 * @param config the hyperparameters of its training.
 * @param start the path of its ONNX file, or the folder of its run.
 * @throws {MienError} `bad-model` if the layers cannot be read from the ONNX file.
 */
export function networkSettings(config: unknown, start: string): TrainConfigInput {
  // Only these: the processor may not support the precision of the other training.
  const given = NETWORK.map((name) => [name, valueIn(config, name)] as const);
  const known = given.filter(([, value]) => value !== undefined);
  const resolved = resolveConfig({ ...EARLIER_DEFAULTS, ...Object.fromEntries(known) }, start);
  if (isModel(start) && resolved.squeezeExcite > 0) {
    throw new MienError(
      "bad-model",
      `${start}: squeeze-and-excitation cannot be read from an ONNX file`,
      { advice: "Name the run that it was exported from." },
    );
  }
  return Object.fromEntries(NETWORK.map((name) => [name, resolved[name]]));
}

/**
 * Checks that a training has the network that it starts from.
 *
 * @throws {MienError} `mismatch` with the settings that differ.
 */
export function checkStart(
  { settings, input }: StartNetwork,
  asked: { readonly config: TrainConfig; readonly input: ModelInput; readonly start: string },
): void {
  const sizeOf = ({ height, width, channels }: ModelInput) => `${height}×${width}×${channels}`;
  if (sizeOf(input) !== sizeOf(asked.input)) {
    throw new MienError(
      "mismatch",
      `--start ${asked.start}: expected images of ${sizeOf(input)}, found ${sizeOf(asked.input)}`,
    );
  }
  // Another pooling can begin with the same weights.
  const others = NETWORK.filter(
    (name) => name !== "pooling" && String(settings[name]) !== String(asked.config[name]),
  );
  if (others.length === 0) return;
  const differences = others.map(
    (name) => `${flagOf(name)} ${String(settings[name])}, not ${String(asked.config[name])}`,
  );
  throw new MienError("mismatch", `${asked.start} has another network: ${differences.join("; ")}`, {
    advice: "Leave these settings out, also in the --config file: they are taken from --start.",
  });
}

/**
 * Reads the weights that a training starts from.
 *
 * @param start the path of an ONNX file of mien, or the folder of a finished run.
 * @throws {MienError} `missing-file` if the file does not exist or the run has no checkpoint,
 * `bad-model` if the file is not an ONNX model of mien in 32 bits, and the errors of
 * `loadCheckpoint`.
 */
export async function readStartWeights(start: string): Promise<StartWeights> {
  if (isModel(start)) {
    const { model, classes } = await readExportedModel(start);
    return { classes, model };
  }
  const config = await readRunConfig(start);
  const checkpoint = await loadCheckpoint(start, inputsKey(inputsOf(config)));
  if (checkpoint !== undefined) return { classes: config.classes, state: checkpoint.best };
  throw new MienError("missing-file", `${start} has no checkpoint ${checkpointFile(start)}`, {
    advice: "--start reads the weights from the checkpoint of a finished run.",
  });
}

async function readModel(file: string): Promise<{ config: unknown; input: ModelInput }> {
  const { training, input } = await readExportedModel(file);
  return { config: training.config, input };
}

async function readRun(run: string): Promise<{ config: unknown; input: ModelInput }> {
  const { hyperparameters, input } = await readRunConfig(run);
  return { config: hyperparameters, input };
}

/** The value of a key in a value that may be an object. */
function valueIn(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(key)
    : undefined;
}

/** Whether `--start` names an ONNX file. */
export function isModel(start: string): boolean {
  return start.endsWith(".onnx");
}
