import path from "node:path";
import { readBytes } from "@mien/cli";
import { type NamedTensor, RUN_FILES, type RunConfig } from "@mien/format";
import {
  channelsToFront,
  convertWithLayers,
  exposeValues,
  readLayersModel,
  readNodes,
  sizeOf,
  transpose,
  type Value,
} from "@mien/tfjs-to-onnx";
import type { Precision } from "../model/model-precision.ts";
import {
  readCalibration,
  readReference,
  type ModelFile,
  type RunPaths,
} from "../model/run-export.ts";
import { openOnnx } from "@mien/runtime";
import { temper } from "../model/apply-temperature.ts";

/** How far two engines agree on the answer of one layer. */
export interface LayerComparison {
  readonly layer: string;
  /** [N, …] */
  readonly shape: readonly number[];
  /** max |a − b| / max |b|; b is tfjs. */
  readonly difference: number;
  /** Whether that is more than rounding. */
  readonly parts: boolean;
}

/** Relative differences of a layer's answer that are rounding. */
const ROUNDING: Readonly<Record<Precision, number>> = { fp32: 1e-4, fp16: 0.02, int8: 0.5 };

/** Images of the reference that go through both models. */
const IMAGES = 8;

/**
 * Compares the answer of every layer that the exported file still computes by itself with the
 * trained model's in tfjs; what was folded into another layer is left out.
 *
 * @returns in the order of the model; empty if the file shares no value with the run's own export.
 */
export async function compareLayers(
  paths: RunPaths,
  config: RunConfig,
  { file, precision }: ModelFile,
): Promise<LayerComparison[]> {
  const bytes = await readBytes(file);
  const { temperature = 1 } = (await readCalibration(paths)) ?? {};
  const { layers } = convertWithLayers(
    await readLayersModel(path.join(paths.run, RUN_FILES.model)),
    {
      outputName: "probabilities",
      temperature,
    },
  );
  const computed = new Set(readNodes(bytes).flatMap((node) => node.outputs));
  // Dropout and its like hand on the value of the layer before.
  const values = new Map<string, Value>();
  const names: string[] = [];
  for (const [layer, value] of layers) {
    if (!computed.has(value.name) || names.includes(value.name)) continue;
    values.set(layer, value);
    names.push(value.name);
  }
  if (names.length === 0) return [];

  const reference = await readReference(paths, config);
  const count = Math.min(IMAGES, reference.count);
  const { height, width, channels } = config.input;
  const shape = [count, height, width, channels];
  const pixels = reference.inputs.slice(0, sizeOf(shape));
  const model = await openOnnx(exposeValues(bytes, names));
  const answers = await model.run([{ shape, data: pixels }]).finally(() => model.close());
  const found = new Map(model.outputNames.map((name, i) => [name, answers[i] as NamedTensor]));

  const { openTrainedModel } = await import("@mien/train");
  const trained = await openTrainedModel(paths.run);
  try {
    return trained.layerOutputs(pixels, count).flatMap(({ layer, shape, data }) => {
      const value = values.get(layer);
      const answer = value && found.get(value.name);
      if (value === undefined || answer === undefined) return [];
      const isAnswer = value.name === "probabilities";
      const expected = isAnswer ? temper(data, config.classes.length, temperature) : data;
      const difference = relativeDifference(inOrder(answer, value), expected);
      return [{ layer, shape, difference, parts: !(difference <= ROUNDING[precision]) }];
    });
  } finally {
    trained.dispose();
  }
}

/** A stored value's numbers in the order of tfjs. */
function inOrder({ shape, data }: NamedTensor, { shape: inner, layout }: Value): Float32Array {
  const floats = data as Float32Array;
  if (layout === "as-is") return floats;
  const image = layout === "channels-first" ? inner : layout.flattened;
  const stored = [shape[0] as number, ...channelsToFront(image)];
  return transpose(floats, stored, [0, ...image.slice(1).map((_, i) => i + 2), 1]);
}

function relativeDifference(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Infinity;
  let [difference, largest] = [0, 0];
  expected.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - (found[i] as number)));
    largest = Math.max(largest, Math.abs(value));
  });
  return difference / Math.max(largest, 1e-30);
}
