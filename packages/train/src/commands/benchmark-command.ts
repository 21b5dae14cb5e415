import {
  benchmarkTable,
  describeEnvironment,
  formatFactor,
  KERAS_REQUIREMENTS,
  peerPython,
  sayEnvironment,
} from "@mien/bench";
import { type CommandContext, defineCommand, formatSeconds } from "@mien/cli";
import { messageOf, MienError } from "@mien/format";
import { resolveConfig } from "../config.ts";

export const benchmarkCommand = defineCommand({
  name: "benchmark",
  summary: "Compare the speed of a training step with tfjs-node's fit and with Keras",
  details:
    "Trains the same network with the same batch size and optimiser on random images. The programs alternate, so that other load on the machine affects all alike. On Linux x64, mien also trains once without its own convolutions and batch normalisation, with the operations of TensorFlow only. " +
    "Keras is installed into the cache folder at the first use (about 700 MB). Writes only the file of --json.",
  examples: [
    "npx nx run train:benchmark",
    "npx nx run train:benchmark --seconds 120 --json speed.json",
    "npx nx run train:benchmark --no-keras",
  ],
  options: {
    seconds: {
      type: "number",
      description: "Total measuring time",
      unit: "seconds",
      default: 40,
      min: 1,
      max: 3600,
    },
    batchSize: {
      type: "integer",
      unit: "images",
      description: "Batch size: images per optimiser step",
      default: 64,
      min: 2,
      max: 1024,
    },
    keras: { type: "boolean", description: "Do not compare with Keras", default: true },
  },
  async run({ seconds, batchSize, keras }, context) {
    const { terminal, signal } = context;
    const python = keras ? await findKeras(context) : undefined;
    const { benchmarkTraining, WAYS } = await import("../benchmark/train-benchmark.ts");
    const { tensorFlowVersion } = await import("../tensor/tf.ts");
    terminal.say(`TensorFlow ${tensorFlowVersion}, batches of ${batchSize}`);
    const bar = terminal.progress("measuring", 100);
    const result = await benchmarkTraining(resolveConfig({ batchSize, pooling: "max" }), {
      seconds,
      python,
      signal,
      onProgress: (share, name) => bar.update(Math.floor(100 * share), name),
    }).finally(() => bar.stop());
    if (result.kerasVersions) {
      const { keras, tensorflow } = result.kerasVersions;
      terminal.say(`Keras ${keras} on TensorFlow ${tensorflow}`);
    }
    const environment = describeEnvironment(import.meta.url, ["@tensorflow/tfjs-node"]);
    sayEnvironment(terminal, environment);
    const ways = (["stock", "keras", "fp32", "plain", "bf16"] as const).flatMap((way) => {
      const row = result[way];
      return row === null ? [] : [{ ...row, name: WAYS[way] }];
    });
    benchmarkTable(terminal, ways, [
      ["training step", ({ name }) => name],
      ["images/s", ({ imagesPerSecond }) => imagesPerSecond.toFixed(0)],
      [
        "lowest – highest",
        ({ imagesPerSecondRange }) =>
          imagesPerSecondRange.map((speed) => speed.toFixed(0)).join(" – "),
      ],
      ["CPU ms/step", ({ cpuMsPerStep }) => cpuMsPerStep.toFixed(0)],
      ["GFLOP/s", ({ gflops }) => gflops.toFixed(0)],
      [
        "factor",
        ({ imagesPerSecond }) => formatFactor(imagesPerSecond / result.stock.imagesPerSecond),
      ],
    ]);
    const { ratios } = result;
    const pairs = [
      { first: "mien, 32-bit floats", second: "tfjs-node", ratio: ratios.fp32OverStock },
      { first: "mien, 32-bit floats", second: "Keras", ratio: ratios.fp32OverKeras },
      {
        first: "mien, 32-bit floats",
        second: "without mien's operations",
        ratio: ratios.fp32OverPlain,
      },
      { first: "mien, bfloat16", second: "Keras", ratio: ratios.bf16OverKeras },
      { first: "mien, bfloat16", second: "32-bit floats", ratio: ratios.bf16OverFp32 },
    ].flatMap(({ ratio, ...pair }) => (ratio === null ? [] : [{ ...pair, ...ratio }]));
    benchmarkTable(terminal, pairs, [
      ["speed of", ({ first }) => first],
      ["relative to", ({ second }) => second],
      ["median of rounds", ({ median }) => formatFactor(median)],
      ["lowest – highest", ({ range }) => range.map((factor) => formatFactor(factor)).join(" – ")],
    ]);
    const fastest = Math.max(result.fp32.imagesPerSecond, result.bf16?.imagesPerSecond ?? 0);
    terminal.say(
      `${result.rounds} rounds, ${(result.parameters / 1e6).toFixed(2)} M parameters; an epoch of FER2013 takes about ${formatSeconds(28709 / fastest)}`,
    );
    terminal.next("npx nx run train:fit", "train at this speed");
    return { ...environment, ...result };
  },
});

/** A Python that has Keras; undefined, with a warning, if it cannot be installed. */
async function findKeras({ terminal, signal }: CommandContext): Promise<string | undefined> {
  try {
    return await peerPython(KERAS_REQUIREMENTS, { terminal, signal });
  } catch (error) {
    if (error instanceof MienError && error.code === "interrupted") throw error;
    terminal.warn(`Keras is left out: ${messageOf(error)}`);
    return undefined;
  }
}
