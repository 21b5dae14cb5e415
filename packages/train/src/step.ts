import { MienError, type ImageSet, type ModelInput } from "@mien/format";
import {
  drawAffineTransforms,
  changesNothing,
  augmentPixelValues,
  applyAffineTransforms,
} from "./batch/augment.ts";
import { averageWeights, type WeightAverage } from "./network/weight-average.ts";
import { chooseTrainingImages } from "./batch/choose-training-images.ts";
import type { TrainConfig } from "./config.ts";
import { uploadData, type DeviceData } from "./batch/device-data.ts";
import { createMeter, type Meter } from "./tensor/meter.ts";
import { mixup } from "./batch/mixup.ts";
import * as ops from "./tensor/native-ops.ts";
import { constantFloat, dispose, keep, scope, upload, type NativeTensor } from "./tensor/native.ts";
import { createNetwork, type Network } from "./network/network.ts";
import { createOptimizer, type Optimizer } from "./network/optimizer.ts";
import { learningRateAt } from "./network/schedule.ts";
import {
  measureStandardisation,
  standardise,
  type Standardisation,
} from "./network/standardise.ts";
import { logitAdjustment, makeTargets, type TargetSources } from "./batch/targets.ts";

/** The network, the optimiser, the data and the settings of a training step. */
export interface Trainer {
  readonly config: TrainConfig;
  readonly seed: number;
  readonly input: ModelInput;
  readonly classes: number;
  /** Positions of the training images in use: images with a target, after `omit` and `subset`. */
  readonly train: Uint32Array;
  /** [N of the set], 1 for images that have a target, else 0. */
  readonly usable: Uint8Array;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly data: DeviceData;
  readonly standardisation: Standardisation;
  /** Added to the logits in the loss [classes]. */
  readonly adjustment: NativeTensor | undefined;
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly average: WeightAverage | undefined;
  /** Sums up the loss and the number of correct predictions. */
  readonly meter: Meter;
}

/**
 * One optimiser step on a batch.
 *
 * @param positions of the batch in the data, in random order.
 * @param step 0 for the first; step and seed together determine all random numbers of the step.
 */
export function trainStep(trainer: Trainer, positions: Int32Array, step: number): void {
  const { config, seed, input, network, adjustment } = trainer;
  const gradients = scope(() => {
    const batch = trainer.data.batch(upload(positions), "training");
    let { images, targets } = batch; // [batch, height, width, channels], [batch, classes]
    if (!changesNothing(config)) {
      const transforms = drawAffineTransforms(config, {
        count: positions.length,
        size: input,
        keys: [seed, "augment", step],
      });
      images = applyAffineTransforms(images, transforms);
    }
    images = standardise(images, trainer.standardisation);
    images = augmentPixelValues(images, config, [seed, "retouch", step]);
    if (config.mixup > 0) {
      const draw = { alpha: config.mixup, keys: [seed, "mixup", step] };
      ({ images, targets } = mixup(images, targets, draw));
    }
    const outputs = network.forward(images, { seed, step }); // [batch, classes]
    const logits = adjustment ? ops.add(outputs, adjustment) : outputs;
    const { losses, gradient } = ops.softmaxCrossEntropy(logits, targets);
    trainer.meter.add(ops.sum(losses), ops.countCorrect(logits, batch.labels));
    const meanGradient = ops.multiply(gradient, constantFloat(1 / positions.length));
    return network.backward(meanGradient);
  });
  const steps = config.epochs * trainer.stepsPerEpoch;
  // Outside the scope above: updating a variable whose value is still in use copies it first.
  scope(() => trainer.optimizer.apply(gradients, learningRateAt(step, steps, config), step));
  scope(() => trainer.average?.update(step));
  dispose(...gradients.values());
}

/** Pixels per batch of `inferenceScores`: 256 images of FER2013's size. */
const INFERENCE_PIXELS = 256 * 48 * 48;

/**
 * Mean loss in nats and accuracy (0–1) on some images, as the model would be saved now: with the
 * averaged weights if there are any, and by targets without smoothing and distillation.
 */
export function inferenceScores(
  trainer: Trainer,
  positions: Uint32Array,
): { loss: number; accuracy: number } {
  const { data, standardisation, network, meter, average } = trainer;
  const training = average && network.state();
  if (average) network.load(average.state());
  meter.reset();
  const { height, width } = trainer.input;
  const batch = Math.max(1, Math.min(256, Math.floor(INFERENCE_PIXELS / (height * width))));
  for (let at = 0; at < positions.length; at += batch) {
    scope(() => {
      const some = upload(Int32Array.from(positions.subarray(at, at + batch)));
      const { images, targets, labels } = data.batch(some, "evaluation");
      const logits = network.forward(standardise(images, standardisation)); // [batch, classes]
      const { losses } = ops.softmaxCrossEntropy(logits, targets);
      meter.add(ops.sum(losses), ops.countCorrect(logits, labels));
    });
  }
  if (training) network.load(training);
  const { loss, correct } = meter.read();
  return { loss: loss / positions.length, accuracy: correct / positions.length };
}

/**
 * Makes a trainer with initial weights and empty optimiser slots.
 *
 * @param from.train positions of the training split in the set.
 * @throws {MienError} `bad-config` if the targets need a source that is not given, `bad-data` if
 * the settings leave fewer than two training images.
 */
export function createTrainer(from: {
  readonly set: ImageSet;
  readonly train: Uint32Array;
  readonly config: TrainConfig;
  readonly seed: number;
  readonly sources?: TargetSources;
}): Trainer {
  const { set, config, seed, sources = {} } = from;
  const input = { height: set.height, width: set.width, channels: set.channels };
  const classes = set.classes.length;
  const targets = makeTargets(set, config, sources);
  const usable = from.train.filter((position) => targets.usable[position] === 1);
  const train = chooseTrainingImages(set, usable, config);
  if (train.length < 2) {
    throw new MienError("bad-data", `only ${train.length} of the training images are left`, {
      advice: "--omit, --subset and --vote-share determine which are used.",
    });
  }
  const batchSize = Math.min(config.batchSize, train.length);
  const network = createNetwork(config, { input, classes }, seed);
  const strength = config.logitAdjustment;
  const adjustment =
    strength > 0
      ? keep(upload(logitAdjustment(targets.training, train, { classes, strength })))
      : undefined;
  return {
    config,
    seed,
    input,
    classes,
    train,
    usable: targets.usable,
    batchSize,
    stepsPerEpoch: Math.floor(train.length / batchSize),
    data: uploadData(set, targets),
    standardisation: measureStandardisation(set, train),
    adjustment,
    network,
    optimizer: createOptimizer(config, network.trainable),
    average: config.ema > 0 ? averageWeights(network.variables, config.ema) : undefined,
    meter: createMeter(),
  };
}

/** All variables that a checkpoint must hold for an exact resume. */
export function storedVariables({ network, optimizer, average }: Trainer) {
  return [...network.variables, ...optimizer.slots, ...(average?.slots ?? [])];
}

/** Frees the variables and tensors of a trainer. */
export function disposeTrainer(trainer: Trainer): void {
  const { network, optimizer, average, meter, data, adjustment } = trainer;
  network.dispose();
  optimizer.dispose();
  average?.dispose();
  meter.dispose();
  data.dispose();
  if (adjustment) dispose(adjustment);
}
