import { imageSize, random, type ImageSet } from "@mien/format";
import { trainingFlops } from "./architecture.ts";
import type { TrainConfig } from "./config.ts";
import { buildLayersModel } from "./layers-model.ts";
import { createTrainer, disposeTrainer, trainStep, type Trainer } from "./step.ts";
import { pixelsAt } from "./trained-model.ts";
import { tf } from "./tf.ts";

/** How fast one way of training is. */
export interface SpeedRow {
  /** Median over the rounds. */
  readonly imagesPerSecond: number;
  /** Lowest and highest round. */
  readonly imagesPerSecondRange: readonly [number, number];
  /** Processor time of all threads a step, in milliseconds; median over the rounds. */
  readonly cpuMsPerStep: number;
  readonly cpuMsPerStepRange: readonly [number, number];
  /** Useful floating-point operations a second, in 10⁹, at the median speed. */
  readonly gflops: number;
}

/** The result of `benchmarkTraining`. */
export interface TrainingBenchmark {
  /** `model.fit` of stock tfjs-node. */
  readonly stock: SpeedRow;
  /** Our training step in 32-bit floats. */
  readonly fp32: SpeedRow;
  readonly bf16: null;
  readonly keras: null;
  /** Median speed of `fp32` over that of `stock`. */
  readonly ratio: number;
  readonly rounds: number;
  readonly batchSize: number;
  readonly parameters: number;
}

/** One contender: trains for a round and says how many steps it made. */
type Contender = (round: number) => Promise<number> | number;

/**
 * Compares our training step with stock tfjs-node's `model.fit`: the same network with dropout,
 * batch normalisation and l2, the same images, batch size and optimiser, in alternating rounds.
 * Neither augments; ours also reads bytes, standardises them and counts hits.
 *
 * @param options.seconds how long to measure; each contender makes at least three rounds.
 */
export async function benchmarkTraining(
  config: TrainConfig,
  options: {
    readonly seconds: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (seconds: number) => void;
  },
): Promise<TrainingBenchmark> {
  const plain = { ...config, zoom: 0, shift: 0, rotation: 0, mirror: 0 };
  const stepsPerRound = 8;
  const set = noise(stepsPerRound * config.batchSize);
  const train = Uint32Array.from(set.labels.keys());
  const trainer = createTrainer({ set, train, config: plain, seed: 1 });
  const stock = stockContender(trainer, set);
  const contenders: Record<"stock" | "fp32", Contender> = {
    stock: stock.round,
    fp32: nativeContender(trainer, train),
  };
  const samples: Record<"stock" | "fp32", { wall: number; cpu: number }[]> = {
    stock: [],
    fp32: [],
  };
  // One round each to warm up: the first steps build oneDNN's kernels.
  for (const contender of Object.values(contenders)) await contender(0);
  const start = performance.now();
  for (let round = 1; ; round++) {
    const elapsed = (performance.now() - start) / 1000;
    options.onProgress?.(Math.min(elapsed, options.seconds));
    if (round > 3 && (elapsed > options.seconds || options.signal?.aborted)) break;
    for (const [name, contender] of Object.entries(contenders)) {
      const cpuBefore = process.cpuUsage();
      const wallBefore = performance.now();
      const steps = await contender(round);
      const wall = (performance.now() - wallBefore) / steps;
      const { user, system } = process.cpuUsage(cpuBefore);
      samples[name as "stock" | "fp32"].push({ wall, cpu: (user + system) / 1000 / steps });
    }
  }
  const flops = trainingFlops(trainer.network.stages, trainer.input);
  const row = (name: "stock" | "fp32"): SpeedRow => {
    const speeds = samples[name].map(({ wall }) => (1000 * config.batchSize) / wall);
    const cpu = samples[name].map((sample) => sample.cpu);
    const imagesPerSecond = median(speeds);
    return {
      imagesPerSecond,
      imagesPerSecondRange: [Math.min(...speeds), Math.max(...speeds)],
      cpuMsPerStep: median(cpu),
      cpuMsPerStepRange: [Math.min(...cpu), Math.max(...cpu)],
      gflops: (imagesPerSecond * flops) / 1e9,
    };
  };
  const result = { stock: row("stock"), fp32: row("fp32") };
  const parameters = trainer.network.trainable
    .map(({ shape }) => shape.reduce((product, n) => product * n, 1))
    .reduce((sum, n) => sum + n, 0);
  stock.dispose();
  disposeTrainer(trainer);
  return {
    ...result,
    bf16: null,
    keras: null,
    ratio: result.fp32.imagesPerSecond / result.stock.imagesPerSecond,
    rounds: samples.fp32.length,
    batchSize: config.batchSize,
    parameters,
  };
}

function nativeContender(trainer: Trainer, train: Uint32Array): Contender {
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

function stockContender(trainer: Trainer, set: ImageSet): { round: Contender; dispose(): void } {
  const { config, input, network, standardisation, classes } = trainer;
  const { batchNormMomentum, l2, batchSize } = config;
  const model = buildLayersModel(network.stages, { input, batchNormMomentum, l2 });
  model.compile({
    optimizer: tf.train.adam(config.learningRate),
    loss: "categoricalCrossentropy",
  });
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

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}
