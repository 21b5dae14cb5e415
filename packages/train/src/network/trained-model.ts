import path from "node:path";
import { readRunConfig } from "@mien/cli";
import { imageSize, MienError, messageOf, RUN_FILES, type ImageSet } from "@mien/format";
import { tf } from "../tensor/tf.ts";

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
   * The output of every layer, in the order of the model, to find the layer at which another
   * inference engine differs.
   *
   * @param pixels float32 [count, height, width, channels], 0–255; of a few images.
   */
  layerOutputs(pixels: Float32Array, count: number): readonly LayerOutput[];
  /** Frees the model. */
  dispose(): void;
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
  const { classes, input } = await readRunConfig(runFolder);
  const file = path.resolve(runFolder, RUN_FILES.model, "model.json");
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
  const predictSync = (pixels: Float32Array, count: number) => {
    return tf.tidy(() => {
      const images = tf.tensor4d(pixels, [count, input.height, input.width, input.channels]);
      const [probabilities] = [model.predict(images, { batchSize: count })].flat();
      if (probabilities === undefined) throw new Error("the model has no output");
      return probabilities.dataSync<"float32">();
    });
  };
  return {
    classes,
    predictSync,
    async predict(pixels, count) {
      const probabilities = new Float32Array(count * classes.length);
      for (let at = 0; at < count; at += BATCH) {
        const end = Math.min(count, at + BATCH);
        const batch = predictSync(pixels.subarray(at * size, end * size), end - at);
        probabilities.set(batch, at * classes.length);
        await new Promise(setImmediate);
      }
      return probabilities;
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

/** Images of a set as input of a model: float32 [positions, height, width, channels], 0–255. */
export function pixelsAt(set: ImageSet, positions: Uint32Array): Float32Array {
  const size = imageSize(set);
  const pixels = new Float32Array(positions.length * size);
  positions.forEach((position, i) => {
    pixels.set(set.pixels.subarray(position * size, (position + 1) * size), i * size);
  });
  return pixels;
}
