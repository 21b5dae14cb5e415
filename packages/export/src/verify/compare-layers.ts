import path from "node:path";
import { readBytes } from "@mien/cli";
import { itemAt, MienError, type NamedTensor, RUN_FILES, type RunConfig } from "@mien/format";
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
import { applyTemperature } from "../model/apply-temperature.ts";

/** A comparison of the output of one layer in the exported file and in tfjs. */
export interface LayerComparison {
  readonly layer: string;
  /** [N, …] */
  readonly shape: readonly number[];
  /** max |a − b| / max |b|; b is tfjs. Infinity if the sizes differ. */
  readonly difference: number;
  /** Whether the difference is larger than rounding. */
  readonly differs: boolean;
}

/** The largest relative difference of a layer's output that counts as rounding. */
const ROUNDING: Readonly<Record<Precision, number>> = { fp32: 1e-4, fp16: 0.02, int8: 0.5 };

/** The number of reference images that both models run on. */
const IMAGES = 8;

/**
 * Compares the output of each layer in the exported file with its output in tfjs. Layers that were
 * folded into another layer are left out.
 *
 * @returns one comparison per layer, in the order of the model; empty if the file has no value in
 * common with a new export of the run.
 * @throws {MienError} the errors of reading the run and the file.
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
  // Layers such as Dropout have the same value as the layer before them.
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
  const outputs = await model.run([{ shape, data: pixels }]).finally(() => model.close());
  const found = new Map(model.outputNames.map((name, i) => [name, itemAt(outputs, i)]));

  const { openTrainedModel } = await import("@mien/train");
  const trained = await openTrainedModel(paths.run);
  try {
    return trained.layerOutputs(pixels, count).flatMap(({ layer, shape, data }) => {
      const value = values.get(layer);
      const output = value && found.get(value.name);
      if (value === undefined || output === undefined) return [];
      const isLast = value.name === "probabilities";
      const expected = isLast ? applyTemperature(data, config.classes.length, temperature) : data;
      const difference = relativeDifference(inTfjsOrder(output, value), expected);
      return [{ layer, shape, difference, differs: !(difference <= ROUNDING[precision]) }];
    });
  } finally {
    trained.dispose();
  }
}

/** The numbers of a stored value in the order of tfjs. */
function inTfjsOrder({ shape, data }: NamedTensor, { shape: inner, layout }: Value): Float32Array {
  if (!(data instanceof Float32Array)) {
    throw new MienError("bad-model", "the output of a layer is not float32");
  }
  if (layout === "as-is") return data;
  const image = layout === "channels-first" ? inner : layout.flattened;
  const stored = [itemAt(shape, 0), ...channelsToFront(image)];
  return transpose(data, stored, [0, ...image.slice(1).map((_, i) => i + 2), 1]);
}

function relativeDifference(found: Float32Array, expected: Float32Array): number {
  if (found.length !== expected.length) return Infinity;
  let [difference, largest] = [0, 0];
  expected.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - itemAt(found, i)));
    largest = Math.max(largest, Math.abs(value));
  });
  return difference / Math.max(largest, 1e-30);
}
