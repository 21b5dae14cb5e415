import type { ImageSet, ModelInput } from "@mien/format";
import { drawTransforms, isIdentity, transformImages } from "./augment.ts";
import type { TrainConfig } from "./config.ts";
import { uploadData, type DeviceData } from "./device-data.ts";
import { createMeter, type Meter } from "./meter.ts";
import * as ops from "./native-ops.ts";
import { constantFloat, dispose, scope, upload } from "./native.ts";
import { createNetwork, type Network } from "./network.ts";
import { createOptimizer, learningRateAt, type Optimizer } from "./optimizer.ts";
import { measureStandardisation, standardise, type Standardisation } from "./standardise.ts";

/** Everything that takes part in a training step. */
export interface Trainer {
  readonly config: TrainConfig;
  readonly seed: number;
  readonly input: ModelInput;
  readonly classes: number;
  readonly data: DeviceData;
  readonly standardisation: Standardisation;
  readonly network: Network;
  readonly optimizer: Optimizer;
  /** Gets the loss and hits of the step. */
  readonly meter: Meter;
}

/**
 * Learns from one batch.
 *
 * @param batch positions in the data.
 * @param step 0 for the first; together with the seed it decides all that is random in the step.
 */
export function trainStep(trainer: Trainer, batch: Int32Array, step: number): void {
  const { config, seed, input, network } = trainer;
  const gradients = scope(() => {
    const { images, labels } = trainer.data.batch(upload(batch)); // [batch, height, width, channels]
    const seen = isIdentity(config)
      ? images
      : transformImages(
          images,
          drawTransforms(batch.length, input, config, [seed, "augment", step]),
        );
    const logits = network.forward(standardise(seen, trainer.standardisation), { seed, step });
    const targets = ops.oneHot(labels, trainer.classes); // [batch, classes]
    const { losses, gradient } = ops.softmaxCrossEntropy(logits, targets);
    trainer.meter.add(ops.sum(losses), ops.countCorrect(logits, labels));
    const meanGradient = ops.multiply(gradient, constantFloat(1 / batch.length));
    return network.backward(meanGradient);
  });
  // Outside, as a variable that is still being read would be copied before it changes.
  scope(() => trainer.optimizer.apply(gradients, learningRateAt(step, config), step));
  dispose(...gradients.values());
}

/** Images a batch of `inferenceScores`. */
const INFERENCE_BATCH = 256;

/** Mean loss in nats and accuracy (0–1) of the network, as it infers, on some images. */
export function inferenceScores(
  { data, standardisation, network, meter, classes }: Trainer,
  positions: Uint32Array,
): { loss: number; accuracy: number } {
  meter.reset();
  for (let at = 0; at < positions.length; at += INFERENCE_BATCH) {
    scope(() => {
      const batch = upload(Int32Array.from(positions.subarray(at, at + INFERENCE_BATCH)));
      const { images, labels } = data.batch(batch);
      const logits = network.forward(standardise(images, standardisation)); // [batch, classes]
      const { losses } = ops.softmaxCrossEntropy(logits, ops.oneHot(labels, classes));
      meter.add(ops.sum(losses), ops.countCorrect(logits, labels));
    });
  }
  const { loss, correct } = meter.read();
  return { loss: loss / positions.length, accuracy: correct / positions.length };
}

/**
 * A trainer with initial weights and an optimiser without memory.
 *
 * @param from.train positions of the training images in the set.
 */
export function createTrainer(from: {
  readonly set: ImageSet;
  readonly train: Uint32Array;
  readonly config: TrainConfig;
  readonly seed: number;
}): Trainer {
  const { set, train, config, seed } = from;
  const input = { height: set.height, width: set.width, channels: set.channels };
  const classes = set.classes.length;
  const network = createNetwork(config, { input, classes }, seed);
  return {
    config,
    seed,
    input,
    classes,
    data: uploadData(set),
    standardisation: measureStandardisation(set, train),
    network,
    optimizer: createOptimizer(config, network.trainable),
    meter: createMeter(),
  };
}

/** Frees all that TensorFlow holds for a trainer. */
export function disposeTrainer({ network, optimizer, meter, data }: Trainer): void {
  network.dispose();
  optimizer.dispose();
  meter.dispose();
  data.dispose();
}
