import path from "node:path";
import { readRunConfig } from "@mien/cli";
import {
  imagesAt,
  imageSize,
  MienError,
  messageOf,
  RUN_FILES,
  type ImageSet,
  type RunConfig,
} from "@mien/format";
import { tf } from "../tensor/tf.ts";
import type { LayersModel } from "./layers-model.ts";

/** The saved model of a run. It takes pixels 0–255 and standardises them itself. */
export interface TrainedModel {
  /** Class names in the order of the output. */
  readonly classes: readonly string[];
  /**
   * @param pixels float32 [count, height, width, channels] row-major, 0–255.
   * @returns probabilities float32 [count, classes].
   */
  predict(pixels: Float32Array, count: number): Promise<Float32Array>;
  /** Like `predict`, but in one batch and synchronous, for time measurements. */
  predictSync(pixels: Float32Array, count: number): Float32Array;
  /**
   * The input of the last dense layer: what the network has computed from an image before it weighs
   * the classes.
   *
   * @param pixels float32 [count, height, width, channels], 0–255.
   */
  features(pixels: Float32Array, count: number): Promise<Features>;
  /**
   * The output of every layer, in the order of the model, to find the layer at which another
   * inference engine differs.
   *
   * @param pixels float32 [count, height, width, channels], 0–255; of a few images.
   */
  layerOutputs(pixels: Float32Array, count: number): readonly LayerOutput[];
  /** Frees the model. */
  dispose(): void;
}

/** Features of some images: [images, width], row by row. */
export interface Features {
  readonly width: number;
  readonly values: Float32Array;
}

/** The output of a layer. */
interface LayerOutput {
  readonly layer: string;
  /** [count, …] */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Images per batch; limits the memory for large splits. */
const BATCH = 256;

/**
 * Opens the model of a finished run with stock tfjs on the native backend.
 *
 * @throws {MienError} `bad-model` if the model is missing, damaged or does not fit the run.
 */
export async function openTrainedModel(runFolder: string): Promise<TrainedModel> {
  return openModel(runFolder, await readRunConfig(runFolder));
}

/**
 * Opens the model in the folder `model` of a folder.
 *
 * @param about the classes and the size of the images that it was trained on.
 * @throws {MienError} `bad-model` if the model is missing, damaged or does not fit `about`.
 */
export async function openModel(
  folder: string,
  { classes, input }: Pick<RunConfig, "classes" | "input">,
): Promise<TrainedModel> {
  const file = path.resolve(folder, RUN_FILES.model, "model.json");
  const fail = (problem: string, cause?: unknown): never => {
    throw new MienError("bad-model", `cannot open ${file}: ${problem}`, {
      advice: "If the training is not finished, repeat `npx nx run train:fit` to resume it.",
      cause,
    });
  };
  const model = await tf
    .loadLayersModel(`file://${file}`)
    .catch((error: unknown) => fail(messageOf(error), error));
  const expected = [null, input.height, input.width, input.channels];
  const found = model.inputs[0]?.shape;
  if (String(found) !== String(expected) || model.outputs[0]?.shape.at(-1) !== classes.length) {
    model.dispose();
    return fail(`its input [${String(found)}] or output does not fit the run's config.json`);
  }
  const size = imageSize(input);
  const outputOf = (used: LayersModel) => (pixels: Float32Array, count: number) =>
    tf.tidy(() => {
      const images = tf.tensor4d(pixels, [count, input.height, input.width, input.channels]);
      const [output] = [used.predict(images, { batchSize: count })].flat();
      if (output === undefined) throw new Error("the model has no output");
      return output.dataSync<"float32">();
    });
  const predictSync = outputOf(model);
  return {
    classes,
    predictSync,
    predict: (pixels, count) =>
      inBatches(predictSync, pixels, { count, size, width: classes.length }),
    async features(pixels, count) {
      const inner = lastFeatures(model);
      const width = Number(inner.outputs[0]?.shape.at(-1));
      return { width, values: await inBatches(outputOf(inner), pixels, { count, size, width }) };
    },
    layerOutputs(pixels, count) {
      const layers = model.layers.flatMap(({ name, output }) =>
        Array.isArray(output) ? [] : [{ name, output }],
      );
      const outputs = layers.map(({ output }) => output);
      const inner = tf.model({ inputs: model.inputs, outputs });
      return tf.tidy(() => {
        const images = tf.tensor4d(pixels, [count, input.height, input.width, input.channels]);
        const tensors = [inner.predict(images, { batchSize: count })].flat();
        return tensors.map((tensor, i) => {
          const layer = layers[i]?.name ?? "";
          return { layer, shape: tensor.shape, data: tensor.dataSync<"float32">() };
        });
      });
    },
    dispose: () => model.dispose(),
  };
}

/**
 * What a model computes from many images, in batches; other work of the process runs between them.
 *
 * @param predictBatch the values [count, width] of the images of a batch.
 * @param pixels [count, size].
 * @returns [count, width].
 */
export async function inBatches(
  predictBatch: (pixels: Float32Array, count: number) => Float32Array,
  pixels: Float32Array,
  { count, size, width }: { readonly count: number; readonly size: number; readonly width: number },
): Promise<Float32Array> {
  const values = new Float32Array(count * width);
  for (let at = 0; at < count; at += BATCH) {
    const end = Math.min(count, at + BATCH);
    values.set(predictBatch(pixels.subarray(at * size, end * size), end - at), at * width);
    await new Promise(setImmediate);
  }
  return values;
}

/** The part of a model before its last dense layer; it shares the weights. */
function lastFeatures(model: LayersModel): LayersModel {
  const last = model.layers.findLast((layer) => layer.getClassName() === "Dense");
  if (last === undefined || Array.isArray(last.input)) {
    throw new MienError("bad-model", "the model has no dense layer, so it has no features");
  }
  return tf.model({ inputs: model.inputs, outputs: last.input });
}

/** Images of a set as input of a model: float32 [positions, height, width, channels], 0–255. */
export function pixelsAt(set: ImageSet, positions: Uint32Array): Float32Array {
  return Float32Array.from(imagesAt(set, positions));
}
