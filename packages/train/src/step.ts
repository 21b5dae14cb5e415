import { itemAt, MienError, type ImageSet, type ModelInput, type NamedTensor } from "@mien/format";
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
import { cutmix } from "./batch/cutmix.ts";
import { mixup } from "./batch/mixup.ts";
import { headOf, isTwoHeaded, lossOf, outputsOf, toHeads } from "./network/heads.ts";
import * as ops from "./tensor/native-ops.ts";
import { dispose, keep, scope, upload, type NativeTensor } from "./tensor/native.ts";
import { createNetwork, type Network } from "./network/network.ts";
import { createStepGraph, withoutGraph, type StepGraph } from "./tensor/step-graph.ts";
import { climb, createOptimizer, type Optimizer } from "./network/optimizer.ts";
import { startFromModel, type StartModel } from "./network/start-model.ts";
import { learningRateAt } from "./network/schedule.ts";
import {
  measureStandardisation,
  standardise,
  type Standardisation,
} from "./network/standardise.ts";
import {
  logitAdjustment,
  makeTargets,
  type LabelsAndVotes,
  type TargetSources,
} from "./batch/targets.ts";

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
  /** Labels and votes of all images of the set, if the targets are both together. */
  readonly truths: LabelsAndVotes | undefined;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly data: DeviceData;
  readonly standardisation: Standardisation;
  /** Added to the logits in the loss [classes]; undefined with two heads. */
  readonly adjustment: NativeTensor | undefined;
  /** With two heads: taken off the logits of both in the saved model [2 × classes]. */
  readonly savedAdjustment: Float32Array | undefined;
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly average: WeightAverage | undefined;
  /** Sums up the loss and the number of correct predictions. */
  readonly meter: Meter;
  /** Runs the steps. */
  readonly graph: StepGraph;
}

/** Steps from which a training saves more time by a graph than the two seconds of recording it. */
const GRAPH_STEPS = 500;

/**
 * One optimiser step on a batch.
 *
 * @param positions of the batch in the data, in random order.
 * @param step 0 for the first; step and seed together determine all random numbers of the step.
 */
export function trainStep(trainer: Trainer, positions: Int32Array, step: number): void {
  trainer.graph.run(() => changeWeights(trainer, positions, step));
}

function changeWeights(trainer: Trainer, positions: Int32Array, step: number): void {
  const { config, classes, network, adjustment } = trainer;
  const steps = config.epochs * trainer.stepsPerEpoch;
  const gradients = scope(() => {
    const { images, targets, labels } = trainingBatch(trainer, positions, step);
    const pass = () => {
      const outputs = network.forward(images, { seed: trainer.seed, step }); // [batch, outputs]
      const logits = adjustment ? ops.add(outputs, adjustment) : outputs;
      return { logits, ...lossOf(logits, targets, { classes, voteHead: config.voteHead }) };
    };
    const { logits, sum, gradient } = pass();
    trainer.meter.add(sum, ops.countCorrect(headOf(logits, 0, { classes }), labels));
    const gradients = network.backward(gradient);
    if (config.sam === 0 || step < (1 - config.samShare) * steps) return gradients;
    // The moving averages of batch normalisation stay those of the first pass.
    const statistics = network.variables.filter(
      (variable) => !network.trainable.includes(variable),
    );
    const measured = statistics.map((variable) => variable.read());
    const moveBack = climb(gradients, config.sam);
    const there = network.backward(pass().gradient);
    moveBack();
    statistics.forEach((variable, i) => variable.set(itemAt(measured, i)));
    dispose(...gradients.values());
    return there;
  });
  // Outside the scope above: updating a variable whose value is still in use copies it first.
  scope(() => trainer.optimizer.apply(gradients, learningRateAt(step, steps, config), step));
  scope(() => trainer.average?.update(step));
  dispose(...gradients.values());
}

/** The images of a batch as the network takes them in a training step, with their targets. */
function trainingBatch(
  { config, seed, input, data, standardisation }: Trainer,
  positions: Int32Array,
  step: number,
) {
  const batch = data.batch(positions, "training");
  let { images, targets } = batch; // [batch, height, width, channels], [batch, outputs]
  if (!changesNothing(config)) {
    const transforms = drawAffineTransforms(config, {
      count: positions.length,
      size: input,
      keys: [seed, "augment", step],
    });
    images = applyAffineTransforms(images, transforms);
  }
  images = standardise(images, standardisation);
  images = augmentPixelValues(images, config, [seed, "retouch", step]);
  if (config.mixup > 0) {
    const draw = { alpha: config.mixup, keys: [seed, "mixup", step] };
    ({ images, targets } = mixup(images, targets, draw));
  }
  if (config.cutmix > 0) {
    const draw = { probability: config.cutmix, keys: [seed, "cutmix", step] };
    ({ images, targets } = cutmix(images, targets, draw));
  }
  return { images, targets, labels: batch.labels };
}

/** Images from which `startFromModel` makes the statistics of batch normalisation. */
const START_IMAGES = 512;

/**
 * Initial weights: those of a run, with its moving averages, or those of an exported model. If its
 * classes, or their order, differ from those of the data, the output layer starts from random
 * weights.
 */
export type StartWeights = { readonly classes: readonly string[] } & (
  { readonly state: Readonly<Record<string, NamedTensor>> } | { readonly model: StartModel }
);

/**
 * Makes a trainer with initial weights and empty optimiser slots.
 *
 * @param from.train positions of the training split in the set.
 * @throws {MienError} `bad-config` if the targets need a source that is not given, `bad-data` if
 * the settings leave fewer than two training images, `mismatch` if the initial weights are of
 * another network.
 */
export function createTrainer(from: {
  readonly set: ImageSet;
  readonly train: Uint32Array;
  readonly config: TrainConfig;
  readonly seed: number;
  readonly sources?: TargetSources;
  /** Random if undefined. */
  readonly start?: StartWeights | undefined;
}): Trainer {
  const { set, config, seed, sources = {}, start } = from;
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
  const stepsPerEpoch = Math.floor(train.length / batchSize);
  const outputs = outputsOf(config, classes);
  const network = createNetwork(config, { input, outputs }, seed);
  const data = uploadData(set, targets);
  const standardisation = measureStandardisation(set, train);
  if (start) {
    const state =
      "state" in start
        ? start.state
        : scope(() => {
            const stride = Math.ceil(train.length / START_IMAGES);
            const some = train.filter((_, i) => i % stride === 0);
            const batch = data.batch(Int32Array.from(some), "evaluation");
            const standardised = standardise(batch.images, standardisation);
            const about = { input, classes: start.classes.length, standardisation };
            return startFromModel(start.model, config, { ...about, images: standardised });
          });
    // An output layer for other classes starts from random weights.
    const isKnown = String(start.classes) === String(set.classes);
    const own = isKnown ? {} : outputLayer(network.state());
    network.load({ ...toHeads(state, outputs), ...own });
  }
  const strength = config.logitAdjustment;
  const adjustment =
    strength > 0
      ? logitAdjustment(targets.training, train, { classes: outputs, strength })
      : undefined;
  const isSaved = isTwoHeaded(config);
  return {
    config,
    seed,
    input,
    classes,
    train,
    usable: targets.usable,
    truths: targets.truths,
    batchSize,
    stepsPerEpoch,
    data,
    standardisation,
    adjustment: adjustment && !isSaved ? keep(upload(adjustment)) : undefined,
    savedAdjustment: isSaved ? adjustment : undefined,
    network,
    optimizer: createOptimizer(config, network.trainable),
    average: config.ema > 0 ? averageWeights(network.variables, config.ema) : undefined,
    meter: createMeter(),
    graph: config.epochs * stepsPerEpoch < GRAPH_STEPS ? withoutGraph : createStepGraph(),
  };
}

function outputLayer(state: Readonly<Record<string, NamedTensor>>): Record<string, NamedTensor> {
  return Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith("output.")));
}

/** All variables that a checkpoint must hold for an exact resume. */
export function storedVariables({ network, optimizer, average }: Trainer) {
  return [...network.variables, ...optimizer.slots, ...(average?.slots ?? [])];
}

/** Frees the variables and tensors of a trainer. */
export function disposeTrainer(trainer: Trainer): void {
  const { network, optimizer, average, meter, data, adjustment, graph } = trainer;
  graph.dispose();
  network.dispose();
  optimizer.dispose();
  average?.dispose();
  meter.dispose();
  data.dispose();
  if (adjustment) dispose(adjustment);
}
