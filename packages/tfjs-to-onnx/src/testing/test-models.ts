import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { random, type NamedTensor, type Random } from "@mien/format";
import { loadOnnxruntime } from "@mien/runtime";
import type { Tensor } from "onnxruntime-node";
import type { ConvertOptions } from "../convert.ts";
import { convertLayersModel } from "../convert.ts";
import { readLayersModel } from "../read/layers-model.ts";
import type { LayersModel } from "../read/read-model.ts";
import type { Tf, TfLayer, TfModel } from "./tf.ts";

/** A model to convert, and a function that builds it. */
export interface TestModel {
  readonly name: string;
  readonly build: (tf: Tf) => TfModel;
}

/** Outputs of tfjs and of the converted file for the same inputs. */
export interface Comparison {
  readonly name: string;
  readonly onnx: Uint8Array;
  readonly inputs: Readonly<Record<string, NamedTensor>>;
  /** By the names of the file's outputs. */
  readonly expected: Readonly<Record<string, NamedTensor>>;
  /** Largest max |a − b| / max |b| over the outputs; b is tfjs. */
  readonly difference: number;
}

/** A sequential model on inputs of the given shape. */
export function stack(shape: readonly number[], layers: (tf: Tf) => readonly TfLayer[]) {
  return (tf: Tf): TfModel =>
    tf.sequential({
      layers: [tf.layers.inputLayer({ inputShape: [...shape] }), ...layers(tf)],
    });
}

/**
 * Saves a model, converts it, and runs both on the same random inputs with batch size 3.
 *
 * @param options of the conversion.
 */
export async function compare(
  tf: Tf,
  testModel: TestModel,
  options: ConvertOptions = {},
): Promise<Comparison> {
  const { name } = testModel;
  const stream = random(1, name);
  const model = testModel.build(tf);
  randomise(tf, model, stream);
  const onnx = convertLayersModel(await throughDisk(model), options);
  const shapes = model.inputs.map((input) => [3, ...input.shape.slice(1)] as number[]);
  const tensors = shapes.map((shape) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return { shape, data: Float32Array.from({ length: size }, () => stream.normal()) };
  });
  const inputs = tensors.map(({ data, shape }) => tf.tensor(data, shape));
  const results = [model.predict(inputs.length === 1 ? (inputs[0] as never) : inputs)].flat();
  const expected = results.map((result) => ({
    shape: result.shape,
    data: result.dataSync() as Float32Array,
  }));
  for (const tensor of [...inputs, ...results]) tensor.dispose();
  model.dispose();

  const { InferenceSession, Tensor } = await loadOnnxruntime();
  const session = await InferenceSession.create(onnx, {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    session.inputNames.map((key, i) => {
      const { data, shape } = tensors[i] as (typeof tensors)[number];
      return [key, new Tensor("float32", data, shape)] as const;
    }),
  );
  const answers = await session.run(feeds);
  const difference = session.outputNames.map((key, i) =>
    relativeDifference(answers[key] as Tensor, expected[i] as (typeof expected)[number]),
  );
  const named = <T>(keys: readonly string[], values: readonly T[]) =>
    Object.fromEntries(keys.map((key, i) => [key, values[i] as T]));
  const comparison = {
    name,
    onnx,
    inputs: named(session.inputNames, tensors),
    expected: named(session.outputNames, expected),
    difference: Math.max(...difference),
  };
  await session.release();
  return comparison;
}

/** Saves a model with tfjs and reads it with the converter. */
export async function throughDisk(model: TfModel): Promise<LayersModel> {
  const folder = await mkdtemp(path.join(tmpdir(), "tfjs-to-onnx-"));
  try {
    await model.save(`file://${folder}`);
    return await readLayersModel(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function relativeDifference(
  found: Tensor,
  expected: { shape: readonly number[]; data: Float32Array },
): number {
  if (found.dims.join() !== expected.shape.join()) return Infinity;
  const data = found.data as Float32Array;
  let difference = 0;
  let largest = 0;
  expected.data.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - (data[i] as number)));
    largest = Math.max(largest, Math.abs(value));
  });
  // A NaN anywhere must not pass as equal.
  const ratio = difference / Math.max(largest, 1e-30);
  return data.every(Number.isFinite) ? ratio : Infinity;
}

/** Sets random weights, without zeros, ones and equal values that hide mistakes. */
export function randomise(tf: Tf, model: TfModel, stream: Random): void {
  for (const weight of new Set(model.weights)) {
    const size = weight.shape.reduce<number>((product, n) => product * (n ?? 1), 1);
    const isPositive = weight.originalName.includes("variance");
    const fan = Math.max(1, size / (weight.shape.at(-1) ?? 1));
    const data = Float32Array.from({ length: size }, () =>
      isPositive
        ? stream.between(0.5, 2)
        : stream.normal() * (fan > 4 ? 1.4 / Math.sqrt(fan) : 0.7),
    );
    const value = tf.tensor(data, weight.shape as number[]);
    weight.write(value);
    value.dispose();
  }
}
