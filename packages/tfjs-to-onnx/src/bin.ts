#!/usr/bin/env node
import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { MienError, messageOf } from "@mien/format";
import { readSamples, type ValueRange } from "./command/calibration-samples.ts";
import { loadOnnxruntime } from "./command/optional-module.ts";
import { type ConvertOptions, convertLayersModel, convertToGraph } from "./convert.ts";
import { convertToInt8 } from "./int8.ts";
import { readLayersModel } from "./read/layers-model.ts";
import type { LayersModel } from "./read/read-model.ts";

const HELP = `tfjs-to-onnx: Convert a tfjs LayersModel to an ONNX file

usage: tfjs-to-onnx MODEL [FILE]

  MODEL                 Folder with model.json and its weight files, the JSON file
                        itself, or its address
  FILE                  ONNX file to write (default: MODEL's name with .onnx)
  --opset N             Version of the ONNX operator set (13 to 21; default: 17)
  --precision NAME      fp32, fp16 (16-bit floats, for GPUs and the web) or int8
                        (8-bit integers; default: fp32)
  --calibration PATH    For int8: a folder of pictures or a .npy file [N, …], on
                        which the ranges of numbers are measured
  --image-range RANGE   For a folder of pictures: the numbers that black and white
                        become in the model's input (default: 0,255)
  --temperature N       Divisor of the logits before the final softmax
                        (above 0; default: 1)
  --input-name NAME     Name of the only input (default: input)
  --output-name NAME    Name of the only output (default: output)
  --input-shape SIZES   Sizes of the input without the batch, such as 64,64,3, if
                        the model leaves them open; NAME=64,64,3 for one of
                        several inputs; may be repeated
  --metadata KEY=VALUE  Entry of metadata_props; may be repeated
  --help                Show this help

examples:
  tfjs-to-onnx model-folder model.onnx --opset 17
  tfjs-to-onnx model-folder model.int8.onnx --precision int8 --calibration photos
`;

try {
  await main();
} catch (error) {
  // Messages of parseArgs are complete.
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const usage = code === "usage" || code.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`error: ${messageOf(error)}\n`);
  if (error instanceof MienError && error.advice !== undefined) {
    process.stderr.write(`${error.advice}\n`);
  }
  process.exitCode = usage ? 2 : 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      opset: { type: "string" },
      precision: { type: "string", default: "fp32" },
      calibration: { type: "string" },
      "image-range": { type: "string", default: "0,255" },
      temperature: { type: "string" },
      "input-name": { type: "string" },
      "output-name": { type: "string" },
      "input-shape": { type: "string", multiple: true },
      metadata: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const [source = "", file = `${nameOf(source)}.onnx`] = positionals;
  if (source === "" || positionals.length > 2) {
    throw new MienError("usage", "expected a MODEL and at most one FILE", {
      advice: "tfjs-to-onnx --help explains more.",
    });
  }
  const { precision, calibration } = values;
  if (!["fp32", "fp16", "int8"].includes(precision)) {
    throw new MienError("usage", `--precision must be fp32, fp16 or int8, found ${precision}`);
  }
  if ((precision === "int8") !== (calibration !== undefined)) {
    throw new MienError("usage", "--precision int8 and --calibration belong together", {
      advice: "Give a folder of pictures, or a .npy file, like those that the model will get.",
    });
  }
  const range = rangeOf(values["image-range"]);
  const options: ConvertOptions = {
    metadata: Object.fromEntries((values.metadata ?? []).map(keyAndValue)),
    ...(precision === "fp16" ? { precision } : {}),
    ...(values.opset === undefined ? {} : { opset: Number(values.opset) }),
    ...(values.temperature === undefined ? {} : { temperature: Number(values.temperature) }),
    ...(values["input-shape"] === undefined ? {} : { inputShape: shapes(values["input-shape"]) }),
    ...(values["input-name"] === undefined ? {} : { inputName: values["input-name"] }),
    ...(values["output-name"] === undefined ? {} : { outputName: values["output-name"] }),
  };
  const model = await readLayersModel(source);
  const bytes =
    calibration === undefined
      ? convertLayersModel(model, options)
      : await quantised(model, options, { calibration, range });
  const aside = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(aside, bytes);
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw new MienError("environment", `cannot write ${file}: ${messageOf(error)}`);
  }
  process.stdout.write(`wrote ${file} (${bytes.length} bytes)\n`);
}

/** The name of the ONNX file of a model, without its ending. */
function nameOf(source: string): string {
  const { base, ext, name } = path.parse(path.resolve(source));
  return ext.toLowerCase() === ".json" ? name : base;
}

async function quantised(
  model: LayersModel,
  options: ConvertOptions,
  { calibration, range }: { readonly calibration: string; readonly range: ValueRange },
): Promise<Uint8Array> {
  const { precision: _, ...settings } = options;
  const [input] = convertToGraph(model, settings).inputs;
  const shape = (input?.shape ?? []).filter((size) => typeof size === "number");
  const [ort, samples] = [
    await loadOnnxruntime(),
    await readSamples(calibration, { shape, range }),
  ];
  return convertToInt8(model, { ...settings, calibration: samples, ort });
}

function rangeOf(text: string): ValueRange {
  const [low = NaN, high = NaN, ...others] = text.split(",").map(Number);
  if (others.length === 0 && Number.isFinite(low) && high > low) return { low, high };
  throw new MienError("usage", `--image-range must be two numbers like 0,1 or -1,1, found ${text}`);
}

/** Parses the shape of the only input, `64,64,3`, or of the input NAME, `NAME=64,64,3`. */
function shapes(texts: readonly string[]): readonly number[] | Record<string, readonly number[]> {
  const named = texts.map((text): [string, number[]] => {
    const at = text.lastIndexOf("=");
    const sizes = text.slice(at + 1).split(",");
    if (!sizes.every((size) => /^[1-9]\d*$/.test(size))) {
      throw new MienError("usage", `--input-shape must be sizes like 64,64,3, found ${text}`);
    }
    return [text.slice(0, Math.max(at, 0)), sizes.map(Number)];
  });
  const [only] = named;
  if (named.length === 1 && only !== undefined && only[0] === "") return only[1];
  if (named.every(([name]) => name !== "")) return Object.fromEntries(named);
  throw new MienError("usage", "of several --input-shape, each must be NAME=SIZES");
}

function keyAndValue(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new MienError("usage", `--metadata must be KEY=VALUE, found ${text}`);
}
