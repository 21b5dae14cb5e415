import { imageSize, MienError, random, type ImageSet } from "@mien/format";
import { trainingFlops } from "../network/architecture.ts";
import {
  speedRatio,
  speedRow,
  type Sample,
  type SpeedRatio,
  type SpeedRow,
} from "./benchmark-rounds.ts";
import type { TrainConfig } from "../config.ts";
import { startKeras, type KerasPeer, type RoundTime } from "./keras-peer.ts";
import { buildLayersModel } from "../network/layers-model.ts";
import { cpuHasBfloat16 } from "../tensor/precision.ts";
import { createTrainer, disposeTrainer, trainStep, type Trainer } from "../step.ts";
import { pixelsAt } from "../network/trained-model.ts";
import { tf } from "../tensor/tf.ts";

/** What is compared. */
export const CONTENDERS = ["stock", "fp32", "bf16", "keras"] as const;
export type Contender = (typeof CONTENDERS)[number];

/** The result of `benchmarkTraining`. */
export interface TrainingBenchmark {
  /** `model.fit` of stock tfjs-node. */
  readonly stock: SpeedRow;
  /** Our training step in 32-bit floats. */
  readonly fp32: SpeedRow;
  /** Our training step with 16-bit brain floats; null where the processor is slow at them. */
  readonly bf16: SpeedRow | null;
  /** Keras' `fit`; null where it was not asked for. */
  readonly keras: SpeedRow | null;
  /** Median speed of `fp32` over that of `stock`. */
  readonly ratio: number;
  /** Speed of one way over another's in the same round; null where one of them is. */
  readonly ratios: {
    readonly fp32OverStock: SpeedRatio;
    readonly fp32OverKeras: SpeedRatio | null;
    readonly bf16OverKeras: SpeedRatio | null;
    readonly bf16OverFp32: SpeedRatio | null;
  };
  /** Versions of Keras and its TensorFlow. */
  readonly kerasVersions: KerasPeer["versions"] | null;
  readonly rounds: number;
  readonly batchSize: number;
  readonly parameters: number;
}

/** Trains for a round, numbered from 0, and says how long that took. */
type Round = (round: number) => Promise<RoundTime> | RoundTime;

/**
 * Steps of a round: enough that what `fit` does around them hardly counts at usual batch sizes. At
 * very small ones it does count, against both peers, as it does in use.
 */
const STEPS = 10;

/**
 * Compares our training step with stock tfjs-node's `model.fit` and with Keras' `fit`: the same
 * network with dropout, batch normalisation and l2, the same number of images, batch size and
 * optimiser, in alternating rounds. None augments; ours also reads bytes, standardises them and
 * counts hits.
 *
 * @param options.seconds how long to measure; each contender makes at least three rounds.
 * @param options.python an interpreter that has Keras; without it Keras is left out.
 * @throws {MienError} `interrupted` on the signal, and what `startKeras` throws.
 */
export async function benchmarkTraining(
  config: TrainConfig,
  options: {
    readonly seconds: number;
    readonly python?: string | undefined;
    readonly signal?: AbortSignal;
    readonly onProgress?: (seconds: number) => void;
  },
): Promise<TrainingBenchmark> {
  const { batchSize } = config;
  const set = noise(STEPS * batchSize);
  const train = Uint32Array.from(set.labels.keys());
  const trainer = (precision: "fp32" | "bf16") =>
    createTrainer({ set, train, config: { ...config, ...PLAIN, precision }, seed: 1 });
  const native = { fp32: trainer("fp32"), ...(cpuHasBfloat16() && { bf16: trainer("bf16") }) };
  const stock = stockContender(native.fp32, set);
  const samples: Record<Contender, Sample[]> = { stock: [], fp32: [], bf16: [], keras: [] };
  let keras: KerasPeer | undefined;
  let rounds: Partial<Record<Contender, Round>>;
  try {
    if (options.python) keras = await startKeras(options.python, native.fp32, train.length);
    rounds = {
      stock: timed(stock.round),
      fp32: timed(nativeRound(native.fp32, train)),
      ...(native.bf16 && { bf16: timed(nativeRound(native.bf16, train)) }),
      ...(keras && { keras: keras.round }),
    };
    const contenders = Object.entries(rounds) as [Contender, Round][];
    // One round each to warm up: the first steps build oneDNN's kernels and trace Keras' graph.
    for (const [, run] of contenders) await run(0);
    const start = performance.now();
    for (let round = 1; ; round++) {
      const elapsed = (performance.now() - start) / 1000;
      if (round > 3 && elapsed > options.seconds) break;
      options.onProgress?.(Math.min(elapsed, options.seconds));
      for (const [name, run] of contenders) {
        if (options.signal?.aborted) throw new MienError("interrupted", "nothing was written");
        const { steps, wallMs, cpuMs } = await run(round);
        samples[name].push({ wall: wallMs / steps, cpu: cpuMs / steps });
      }
    }
  } finally {
    stock.dispose();
    for (const trainer of Object.values(native)) disposeTrainer(trainer);
    keras?.dispose();
  }
  const { stages, trainable } = native.fp32.network;
  const flopsPerImage = trainingFlops(stages, native.fp32.input);
  const row = (name: Contender) => speedRow(samples[name], { batchSize, flopsPerImage });
  const ratio = (a: Contender, b: Contender) =>
    rounds[a] && rounds[b] ? speedRatio(samples[a], samples[b]) : null;
  const result = { stock: row("stock"), fp32: row("fp32") };
  return {
    ...result,
    bf16: rounds.bf16 ? row("bf16") : null,
    keras: rounds.keras ? row("keras") : null,
    ratio: result.fp32.imagesPerSecond / result.stock.imagesPerSecond,
    ratios: {
      fp32OverStock: speedRatio(samples.fp32, samples.stock),
      fp32OverKeras: ratio("fp32", "keras"),
      bf16OverKeras: ratio("bf16", "keras"),
      bf16OverFp32: ratio("bf16", "fp32"),
    },
    kerasVersions: keras ? keras.versions : null,
    rounds: samples.fp32.length,
    batchSize,
    parameters: trainable
      .map(({ shape }) => shape.reduce((product, n) => product * n, 1))
      .reduce((sum, n) => sum + n, 0),
  };
}

/** No augmentation: the others have none. */
const PLAIN = {
  ...{ zoom: 0, shift: 0, rotation: 0, mirror: 0 },
  ...{ brightness: 0, contrast: 0, erasing: 0, mixup: 0, labelSmoothing: 0, ema: 0 },
} as const;

/** Adds up the time of this process. */
function timed(work: (round: number) => Promise<number> | number): Round {
  return async (round) => {
    const cpuBefore = process.cpuUsage();
    const wallBefore = performance.now();
    const steps = await work(round);
    const wallMs = performance.now() - wallBefore;
    const { user, system } = process.cpuUsage(cpuBefore);
    return { steps, wallMs, cpuMs: (user + system) / 1000 };
  };
}

function nativeRound(trainer: Trainer, train: Uint32Array): (round: number) => number {
  const { batchSize } = trainer.config;
  return (round) => {
    const steps = train.length / batchSize;
    for (let i = 0; i < steps; i++) {
      const batch = Int32Array.from(train.subarray(i * batchSize, (i + 1) * batchSize));
      trainStep(trainer, batch, round * steps + i);
    }
    // Waits for the last step's result, as any real use does.
    trainer.meter.read();
    return steps;
  };
}

function stockContender(
  trainer: Trainer,
  set: ImageSet,
): { round: () => Promise<number>; dispose(): void } {
  const { config, input, network, standardisation, classes } = trainer;
  const { batchNormMomentum, l2, batchSize } = config;
  const model = buildLayersModel(network.stages, { input, batchNormMomentum, l2 });
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
  return {
    async round() {
      await model.fit(images, labels, { batchSize, epochs: 1, verbose: 0, yieldEvery: "never" });
      return set.labels.length / batchSize;
    },
    dispose() {
      model.dispose();
      optimizer.dispose();
      tf.dispose([images, labels]);
    },
  };
}

/** Random images in FER2013's format; the content does not matter for speed. */
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
