import type { ModelMetadata, PixelValues } from "@mien/format";
import type { Session } from "../session/ort.ts";

/** Images for one call of onnxruntime. */
interface Batch {
  /** float32 [count, height, width, channels] of the model's input size, 0–255. */
  readonly batch: Float32Array;
  readonly count: number;
  readonly metadata: ModelMetadata;
}

/**
 * Runs an expression model on a batch, and converts the input and the output of a model in Hugging
 * Face's layout.
 *
 * @returns probabilities, float32 [count, classes]; anything else if the model is wrong.
 */
export async function runBatch(session: Session, { batch, count, metadata }: Batch) {
  const { input, pixelValues } = metadata;
  const { height, width, channels } = input;
  if (pixelValues === undefined) return session.run(batch, [count, height, width, channels]);
  const planes = toPixelValues(batch, { area: height * width, channels, pixelValues });
  const { type, dims, data } = await session.run(planes, [count, 3, height, width]);
  const isFloat = data instanceof Float32Array;
  return { type, dims, data: isFloat ? softmax(data, metadata.labels.length) : data };
}

/**
 * Normalises pixels and moves the channels before height and width; grey is repeated for red, green
 * and blue.
 *
 * @returns float32 [N, 3, height, width].
 */
function toPixelValues(
  batch: Float32Array,
  format: {
    readonly area: number;
    readonly channels: number;
    readonly pixelValues: PixelValues;
  },
): Float32Array {
  const { area, channels, pixelValues } = format;
  const { mean, std } = pixelValues;
  const planes = new Float32Array((batch.length / channels) * 3);
  for (let at = 0; at < planes.length; at++) {
    const plane = Math.floor(at / area);
    const channel = plane % 3;
    const pixel = Math.floor(plane / 3) * area + (at % area);
    const value = batch[pixel * channels + Math.min(channel, channels - 1)] ?? 0;
    planes[at] = (value / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
  }
  return planes;
}

/** The softmax of each row of [N, classes]. */
function softmax(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += classes) {
    const row = logits.subarray(at, at + classes);
    const largest = Math.max(...row);
    const powers = Array.from(row, (logit) => Math.exp(logit - largest));
    const sum = powers.reduce((total, power) => total + power, 0);
    probabilities.set(
      powers.map((power) => power / sum),
      at,
    );
  }
  return probabilities;
}
