import path from "node:path";
import { readRunConfig } from "@mien/cli";
import { imageSize, MienError, messageOf, RUN_FILES, type ImageSet } from "@mien/format";
import type { SymbolicTensor, Tensor } from "@tensorflow/tfjs-node";
import { tf } from "../tensor/tf.ts";

/** A run's saved model, ready to predict; pixels go in as they come. */
export interface TrainedModel {
  /** Class names in the order of the output. */
  readonly classes: readonly string[];
  /**
   * @param pixels float32 [count, height, width, channels] row-major, 0–255.
   * @returns probabilities float32 [count, classes].
   */
  predict(pixels: Float32Array, count: number): Promise<Float32Array>;
  /** As `predict`, in one batch and without giving way to other work, for measuring time. */
  predictSync(pixels: Float32Array, count: number): Float32Array;
  /**
   * What every layer answers, in the order of the model, to see where another engine parts from it.
   *
   * @param pixels float32 [count, height, width, channels], 0–255; a few images.
   */
  layerOutputs(pixels: Float32Array, count: number): readonly LayerOutput[];
  dispose(): void;
}

/** The answer of one layer. */
export interface LayerOutput {
  readonly layer: string;
  /** [count, …] */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Images a batch, so that large parts need little memory. */
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
      advice: "If the training is not finished, repeat `npx nx run train:fit` to go on with it.",
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
      return (model.predict(images, { batchSize: count }) as Tensor).dataSync<"float32">();
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
      const layers = model.layers.filter((layer) => !Array.isArray(layer.output));
      const inner = tf.model({
        inputs: model.inputs,
        outputs: layers.map((layer) => layer.output as SymbolicTensor),
      });
      return tf.tidy(() => {
        const images = tf.tensor4d(pixels, [count, input.height, input.width, input.channels]);
        const answers = [inner.predict(images, { batchSize: count })].flat();
        return layers.map(({ name }, i) => {
          const answer = answers[i] as Tensor;
          return { layer: name, shape: answer.shape, data: answer.dataSync<"float32">() };
        });
      });
    },
    dispose: () => model.dispose(),
  };
}

/** Images of a set as a model takes them: float32 [positions, height, width, channels], 0–255. */
export function pixelsAt(set: ImageSet, positions: Uint32Array): Float32Array {
  const size = imageSize(set);
  const pixels = new Float32Array(positions.length * size);
  positions.forEach((position, i) => {
    pixels.set(set.pixels.subarray(position * size, (position + 1) * size), i * size);
  });
  return pixels;
}
