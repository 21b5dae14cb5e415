import { existsSync } from "node:fs";
import { readBytes } from "@mien/cli";
import {
  decodeModelMetadata,
  MienError,
  readOnnxMetadata,
  readOnnxWeights,
  type ModelInput,
} from "@mien/format";
import { z } from "zod";
import type { StartModel } from "../network/start-model.ts";

/** A model that `export:onnx` made, and what it says about its training. */
export interface ExportedModel {
  readonly model: StartModel;
  readonly classes: readonly string[];
  readonly input: ModelInput;
  readonly training: z.infer<typeof trainingSchema>;
}

const trainingSchema = z.object({
  data: z.object({
    /** SHA-256 of the data set. */
    sha256: z.string(),
  }),
  /** The name of the split, and what determines it (`SplitChoice`). */
  split: z.string().default("official"),
  splitSeed: z.number().default(1),
  fold: z.number().optional(),
  /** The groups of `--classes`; absent if no class was changed. */
  classGroups: z.string().optional(),
  /** The hyperparameters. */
  config: z.record(z.string(), z.unknown()),
});

/**
 * Reads a model that `export:onnx` made.
 *
 * @throws {MienError} `missing-file` if the file does not exist, `bad-model` if it is not an ONNX
 * model of mien in 32 bits.
 */
export async function readExportedModel(file: string): Promise<ExportedModel> {
  if (!existsSync(file)) throw new MienError("missing-file", `no model file at ${file}`);
  const bytes = await readBytes(file);
  const metadata = readOnnxMetadata(bytes, file);
  const { layers, tensors } = readOnnxWeights(bytes, file);
  const shift = tensors.get("standardise/unscaled")?.data;
  const { labels, input, training, calibration } = decodeModelMetadata(metadata, file);
  const precision = metadata["mien.precision"];
  if (shift === undefined || precision !== "fp32") {
    const found = precision === "fp32" ? "one for a hub" : precision;
    throw new MienError("bad-model", `${file}: expected a model in fp32, found ${found}`, {
      advice: "Name a run, or a file that `export:onnx` made.",
    });
  }
  const known = trainingSchema.safeParse(training);
  if (!known.success) {
    throw new MienError("bad-model", `${file} does not say how it was trained`, {
      advice: "Export the model again with `npx nx run export:onnx`.",
    });
  }
  const { temperature } = z
    .object({ temperature: z.number() })
    .catch({ temperature: 1 })
    .parse(calibration);
  return {
    model: { file, layers, mean: -(shift[0] ?? NaN), temperature },
    classes: labels,
    input,
    training: known.data,
  };
}
