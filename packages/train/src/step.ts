import { MienError, type ImageSet, type ModelInput } from "@mien/format";
import { drawTransforms, isIdentity, retouchImages, transformImages } from "./batch/augment.ts";
import { averageWeights, type WeightAverage } from "./network/average.ts";
import { chooseTraining } from "./batch/choose-training-images.ts";
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

/** Everything that takes part in a training step. */
export interface Trainer {
  readonly config: TrainConfig;
  readonly seed: number;
  readonly input: ModelInput;
  readonly classes: number;
  /** Positions of the images that are learned from: those with a target that are not omitted. */
  readonly train: Uint32Array;
  /** 1 for every image of the set that has a target. */
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
  /** Gets the loss and hits of the step. */
  readonly meter: Meter;
}

/**
 * Learns from one batch.
 *
 * @param positions of the batch in the data, in random order.
 * @param step 0 for the first; together with the seed it decides all that is random in the step.
 */
export function trainStep(trainer: Trainer, positions: Int32Array, step: number): void {
  const { config, seed, input, network, adjustment } = trainer;
  const gradients = scope(() => {
    const batch = trainer.data.batch(upload(positions), "learned");
    let { images, targets } = batch; // [batch, height, width, channels], [batch, classes]
    if (!isIdentity(config)) {
      const transforms = drawTransforms(positions.length, input, config, [seed, "augment", step]);
      images = transformImages(images, transforms);
    }
    images = standardise(images, trainer.standardisation);
    images = retouchImages(images, config, [seed, "retouch", step]);
    if (config.mixup > 0) {
      const draw = { alpha: config.mixup, keys: [seed, "mixup", step] };
      ({ images, targets } = mixup(images, targets, draw));
    }
    const answers = network.forward(images, { seed, step });
    const logits = adjustment ? ops.add(answers, adjustment) : answers;
    const { losses, gradient } = ops.softmaxCrossEntropy(logits, targets);
    trainer.meter.add(ops.sum(losses), ops.countCorrect(logits, batch.labels));
    const meanGradient = ops.multiply(gradient, constantFloat(1 / positions.length));
    return network.backward(meanGradient);
  });
  const steps = config.epochs * trainer.stepsPerEpoch;
  // Outside, as a variable that is still being read would be copied before it changes.
  scope(() => trainer.optimizer.apply(gradients, learningRateAt(step, steps, config), step));
  scope(() => trainer.average?.update(step));
  dispose(...gradients.values());
}

/** Pixels a batch of `inferenceScores`: 256 images of FER2013's size. */
const INFERENCE_PIXELS = 256 * 48 * 48;

/**
 * Mean loss in nats and accuracy (0–1) on some images of the model as it would be saved now: the
 * averaged weights, if there are any, judged by unsmoothed targets.
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
      const { images, targets, labels } = data.batch(some, "truth");
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
 * A trainer with initial weights and an optimiser without memory.
 *
 * @param from.train positions of the training part in the set.
 * @throws {MienError} `bad-config` if the targets need a source that is not given, `bad-data` if
 * the settings leave no images to learn from.
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
  const part = from.train.filter((position) => targets.usable[position] === 1);
  const train = chooseTraining(set, part, config);
  if (train.length < 2) {
    throw new MienError("bad-data", `only ${train.length} of the training images are left`, {
      advice: "--omit, --subset and --vote-share decide which are used.",
    });
  }
  const batchSize = Math.min(config.batchSize, train.length);
  const network = createNetwork(config, { input, classes }, seed);
  const strength = config.logitAdjustment;
  const adjustment =
    strength > 0
      ? keep(upload(logitAdjustment(targets.learned, train, { classes, strength })))
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

/** All variables that must be stored to go on exactly. */
export function storedVariables({ network, optimizer, average }: Trainer) {
  return [...network.variables, ...optimizer.slots, ...(average?.slots ?? [])];
}

/** Frees all that TensorFlow holds for a trainer. */
export function disposeTrainer(trainer: Trainer): void {
  const { network, optimizer, average, meter, data, adjustment } = trainer;
  network.dispose();
  optimizer.dispose();
  average?.dispose();
  meter.dispose();
  data.dispose();
  if (adjustment) dispose(adjustment);
}
