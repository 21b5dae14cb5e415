#!/usr/bin/env node
import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { MienError, messageOf } from "@mien/format";
import { convertLayersModel } from "./convert.ts";
import { readLayersModel } from "./read/layers-model.ts";

const HELP = `tfjs-to-onnx: Convert a tfjs LayersModel to an ONNX file

usage: tfjs-to-onnx FOLDER [FILE]

  FOLDER                Folder with model.json and its weight files
  FILE                  ONNX file to write (default: FOLDER's name with .onnx)
  --opset N             Version of the ONNX operator set (13 to 21; default: 17)
  --half                Store and compute in 16-bit floats, for GPUs and the web
  --temperature N       Divisor of the logits before the final softmax
                        (above 0; default: 1)
  --input-name NAME     Name of the only input (default: input)
  --output-name NAME    Name of the only output (default: output)
  --input-shape SIZES   Sizes of the input without the batch, such as 64,64,3, if
                        the model leaves them open; NAME=64,64,3 for one of
                        several inputs; may be repeated
  --metadata KEY=VALUE  Entry of metadata_props; may be repeated
  --help                Show this help

example:
  tfjs-to-onnx model-folder model.onnx --opset 17
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
      half: { type: "boolean" },
      temperature: { type: "string" },
      "input-name": { type: "string" },
      "output-name": { type: "string" },
      "input-shape": { type: "string", multiple: true },
      metadata: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const [folder, file = `${path.basename(path.resolve(folder ?? ""))}.onnx`] = positionals;
  if (folder === undefined || positionals.length > 2) {
    throw new MienError("usage", "expected a FOLDER and at most one FILE", {
      advice: "tfjs-to-onnx --help explains more.",
    });
  }
  const metadata = Object.fromEntries((values.metadata ?? []).map(keyAndValue));
  const bytes = convertLayersModel(await readLayersModel(folder), {
    metadata,
    ...(values.half ? { precision: "fp16" } : {}),
    ...(values.opset === undefined ? {} : { opset: Number(values.opset) }),
    ...(values.temperature === undefined ? {} : { temperature: Number(values.temperature) }),
    ...(values["input-shape"] === undefined ? {} : { inputShape: shapes(values["input-shape"]) }),
    ...(values["input-name"] === undefined ? {} : { inputName: values["input-name"] }),
    ...(values["output-name"] === undefined ? {} : { outputName: values["output-name"] }),
  });
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
