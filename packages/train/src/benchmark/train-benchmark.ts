import { alternate, type OpenContender } from "@mien/bench";
import { imageSize, random, type ImageSet } from "@mien/format";
import type { TrainConfig } from "../config.ts";
import { trainingFlops } from "../network/architecture.ts";
import { buildLayersModel } from "../network/layers-model.ts";
import { pixelsAt } from "../network/trained-model.ts";
import { createTrainer, disposeTrainer, trainStep, type Trainer } from "../step.ts";
import { hasOwnOps, withoutOwnOps } from "../tensor/own-ops.ts";
import { cpuHasBfloat16 } from "../tensor/precision.ts";
import { tf } from "../tensor/tf.ts";
import { startKerasFit, type KerasFitPeer } from "./keras-fit-peer.ts";
import {
  speedRatio,
  speedRow,
  type SpeedRatio,
  type SpeedRow,
  type StepTurn,
} from "./training-speed.ts";

/** The ways of training that are compared, in the order of the table. */
export const WAYS = {
  stock: "tfjs-node model.fit",
  keras: "Keras fit",
  fp32: "mien, 32-bit floats",
  plain: "… without mien's operations",
  bf16: "mien, bfloat16 convolutions",
} as const;

/** The result of `benchmarkTraining`. */
interface TrainingBenchmark {
  /** `model.fit` of stock tfjs-node. */
  readonly stock: SpeedRow;
  /** mien's training step in 32-bit floats. */
  readonly fp32: SpeedRow;
  /**
   * mien's training step in 32-bit floats with TensorFlow's operations only; null if this machine does
   * not have mien's own.
   */
  readonly plain: SpeedRow | null;
  /**
   * mien's training step with bfloat16 convolutions; null if the processor does not support
   * bfloat16.
   */
  readonly bf16: SpeedRow | null;
  /** Keras' `fit`; null if Keras is not installed. */
  readonly keras: SpeedRow | null;
  /** Median speed of `fp32` divided by the median speed of `stock`. */
  readonly ratio: number;
  /** Ratios of two speeds in the same round; null if one of the two was not measured. */
  readonly ratios: {
    readonly fp32OverStock: SpeedRatio;
    readonly fp32OverKeras: SpeedRatio | null;
    readonly fp32OverPlain: SpeedRatio | null;
    readonly bf16OverKeras: SpeedRatio | null;
    readonly bf16OverFp32: SpeedRatio | null;
  };
  /** Versions of Keras and its TensorFlow. */
  readonly kerasVersions: KerasFitPeer["versions"] | null;
  readonly rounds: number;
  readonly batchSize: number;
  readonly parameters: number;
}

/**
 * Number of steps in a turn. With so many, the time that `fit` of a peer spends outside of the
 * steps is negligible at usual batch sizes. At very small batch sizes it is not, as in real use.
 */
const STEPS = 10;
const MIN_ROUNDS = 3;

/**
 * Compares mien's training step with stock tfjs-node's `model.fit` and with Keras' `fit`: the same
 * network with dropout, batch normalisation and l2, the same number of images, batch size and
 * optimiser, in alternating turns. No images are augmented; mien's step also converts bytes to
 * floats, standardises them and counts correct predictions.
 *
 * @param options.seconds how long to measure all of them; each has at least three turns.
 * @param options.python an interpreter that has Keras; without it Keras is left out.
 * @throws {MienError} `interrupted` if the signal fires, and what `startKerasFit` throws.
 */
export async function benchmarkTraining(
  config: TrainConfig,
  options: {
    readonly seconds: number;
    readonly python?: string | undefined;
    readonly signal?: AbortSignal;
    readonly onProgress?: (share: number, name: string) => void;
  },
): Promise<TrainingBenchmark> {
  const { batchSize } = config;
  const { seconds, python, signal, onProgress } = options;
  const set = noise(STEPS * batchSize);
  const train = Uint32Array.from(set.labels.keys());
  const open: OpenContender<StepTurn>[] = [];
  try {
    const native = (way: "fp32" | "plain" | "bf16") => {
      const precision = way === "bf16" ? "bf16" : "fp32";
      const trainer = createTrainer({
        set,
        train,
        config: { ...config, ...PLAIN, precision },
        seed: 1,
      });
      open.push(nativeContender(way, trainer, train));
      return trainer;
    };
    const trainer = native("fp32");
    open.unshift(stockContender(trainer, set));
    if (hasOwnOps()) native("plain");
    if (cpuHasBfloat16()) native("bf16");
    const keras =
      python === undefined
        ? undefined
        : await startKerasFit(trainer, { python, images: train.length, signal });
    if (keras !== undefined) open.push(keras.contender);
    const measured = await alternate(open, {
      amount: { totalSeconds: seconds, minRounds: MIN_ROUNDS },
      // The first turn is not measured, because it builds oneDNN's kernels and traces Keras' graph.
      warmUpCalls: 1,
      signal,
      onProgress,
    });
    const turnsOf = (name: keyof typeof WAYS) =>
      measured[open.findIndex((each) => each.name === name)] ?? [];
    const { stages, trainable } = trainer.network;
    const flopsPerImage = trainingFlops(stages, trainer.input);
    const row = (name: keyof typeof WAYS) => speedRow(turnsOf(name), { batchSize, flopsPerImage });
    const ratio = (a: keyof typeof WAYS, b: keyof typeof WAYS) =>
      speedRatio(turnsOf(a), turnsOf(b));
    const has = (...names: (keyof typeof WAYS)[]) =>
      names.every((name) => turnsOf(name).length > 0);
    const result = { stock: row("stock"), fp32: row("fp32") };
    return {
      ...result,
      plain: has("plain") ? row("plain") : null,
      bf16: has("bf16") ? row("bf16") : null,
      keras: has("keras") ? row("keras") : null,
      ratio: result.fp32.imagesPerSecond / result.stock.imagesPerSecond,
      ratios: {
        fp32OverStock: ratio("fp32", "stock"),
        fp32OverKeras: has("keras") ? ratio("fp32", "keras") : null,
        fp32OverPlain: has("plain") ? ratio("fp32", "plain") : null,
        bf16OverKeras: has("bf16", "keras") ? ratio("bf16", "keras") : null,
        bf16OverFp32: has("bf16") ? ratio("bf16", "fp32") : null,
      },
      kerasVersions: keras?.versions ?? null,
      rounds: turnsOf("fp32").length,
      batchSize,
      parameters: trainable
        .map(({ shape }) => shape.reduce((product, n) => product * n, 1))
        .reduce((sum, n) => sum + n, 0),
    };
  } finally {
    for (const contender of open) await contender.close();
  }
}

/** Settings without augmentation, because the peers do not augment. */
const PLAIN = {
  // A long training: short ones do not run as a graph.
  epochs: 1000,
  zoom: 0,
  shift: 0,
  rotation: 0,
  mirror: 0,
  brightness: 0,
  contrast: 0,
  erasing: 0,
  mixup: 0,
  cutmix: 0,
  labelSmoothing: 0,
  ema: 0,
} as const;

/** A contender that runs in this process; a turn calls `work`, which makes `STEPS` training steps. */
function timed(
  name: keyof typeof WAYS,
  work: (turn: number) => unknown,
  close: () => void,
): OpenContender<StepTurn> {
  let turns = 0;
  return {
    name,
    close,
    async turn() {
      const cpuBefore = process.cpuUsage();
      const wallBefore = performance.now();
      await work(turns++);
      const wallMs = performance.now() - wallBefore;
      const { user, system } = process.cpuUsage(cpuBefore);
      return { durations: [wallMs / STEPS], cpuMs: (user + system) / 1000 / STEPS };
    },
  };
}

function nativeContender(name: "fp32" | "plain" | "bf16", trainer: Trainer, train: Uint32Array) {
  const { batchSize } = trainer.config;
  const steps = (turn: number) => {
    for (let i = 0; i < STEPS; i++) {
      const batch = Int32Array.from(train.subarray(i * batchSize, (i + 1) * batchSize));
      trainStep(trainer, batch, turn * STEPS + i);
    }
    // Waits for the last step's result, as any real use does.
    trainer.meter.read();
  };
  const work = name === "plain" ? (turn: number) => withoutOwnOps(() => steps(turn)) : steps;
  return timed(name, work, () => disposeTrainer(trainer));
}

function stockContender(trainer: Trainer, set: ImageSet): OpenContender<StepTurn> {
  const { config, input, network, standardisation, classes } = trainer;
  const { batchNormMomentum, l2, l2On, batchSize } = config;
  const model = buildLayersModel(network.stages, { input, batchNormMomentum, l2, l2On });
  const optimizer = tf.train.adam(config.learningRate);
  model.compile({ optimizer, loss: "categoricalCrossentropy" });
  const images = tf.tidy(() =>
    tf
      .tensor4d(pixelsAt(set, Uint32Array.from(set.labels.keys())), [
        set.labels.length,
        input.height,
        input.width,
        input.channels,
      ])
      .sub(standardisation.mean)
      .div(standardisation.deviation),
  );
  const labels = tf.tidy(() => tf.oneHot(Array.from(set.labels), classes).toFloat());
  const fit = () =>
    model.fit(images, labels, { batchSize, epochs: 1, verbose: 0, yieldEvery: "never" });
  return timed("stock", fit, () => {
    model.dispose();
    optimizer.dispose();
    tf.dispose([images, labels]);
  });
}

/** Random images in FER2013's format; their content does not affect the speed. */
function noise(count: number): ImageSet {
  const stream = random("benchmark");
  const shape = { height: 48, width: 48, channels: 1 };
  const classes = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"];
  return {
    ...shape,
    classes,
    pixels: Uint8Array.from({ length: count * imageSize(shape) }, () => stream.integer(256)),
    labels: Uint8Array.from({ length: count }, () => stream.integer(classes.length)),
    usage: new Uint8Array(count),
    row: Uint32Array.from({ length: count }, (_, i) => i),
  };
}
