import { KERAS_REQUIREMENTS, peerPython } from "@mien/bench";
import { type CommandContext, defineCommand, formatSeconds } from "@mien/cli";
import { messageOf, MienError } from "@mien/format";
import type { Contender } from "../benchmark/train-benchmark.ts";
import { resolveConfig } from "../config.ts";

const NAMES: Readonly<Record<Contender, string>> = {
  stock: "tfjs-node model.fit",
  keras: "Keras fit",
  fp32: "mien, 32-bit floats",
  bf16: "mien, bfloat16 convolutions",
};

export const benchmarkCommand = defineCommand({
  name: "benchmark",
  summary: "Compare the speed of a training step with tfjs-node's fit and with Keras",
  details:
    "Trains the same network with the same batch size and optimiser on random images. The three alternate, so that other load on the machine affects all alike. " +
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
    const { benchmarkTraining } = await import("../benchmark/train-benchmark.ts");
    const { tensorFlowVersion } = await import("../tensor/tf.ts");
    terminal.say(`TensorFlow ${tensorFlowVersion}, batches of ${batchSize}`);
    const bar = terminal.progress("measuring", Math.ceil(seconds));
    const result = await benchmarkTraining(resolveConfig({ batchSize }), {
      seconds,
      python,
      signal,
      onProgress: (elapsed) => bar.update(Math.floor(elapsed)),
    }).finally(() => bar.stop());
    if (result.kerasVersions) {
      const { keras, tensorflow } = result.kerasVersions;
      terminal.say(`Keras ${keras} on TensorFlow ${tensorflow}`);
    }
    terminal.table(
      ["training step", "images/s", "lowest – highest", "CPU ms/step", "GFLOP/s", "factor"],
      (["stock", "keras", "fp32", "bf16"] as const).flatMap((name) => {
        const row = result[name];
        if (row === null) return [];
        const [low, high] = row.imagesPerSecondRange;
        return [
          [
            NAMES[name],
            row.imagesPerSecond.toFixed(0),
            `${low.toFixed(0)} – ${high.toFixed(0)}`,
            row.cpuMsPerStep.toFixed(0),
            row.gflops.toFixed(0),
            `${(row.imagesPerSecond / result.stock.imagesPerSecond).toFixed(2)}×`,
          ],
        ];
      }),
    );
    const { ratios } = result;
    const pairs = [
      ["mien, 32-bit floats", "tfjs-node", ratios.fp32OverStock],
      ["mien, 32-bit floats", "Keras", ratios.fp32OverKeras],
      ["mien, bfloat16", "Keras", ratios.bf16OverKeras],
      ["mien, bfloat16", "32-bit floats", ratios.bf16OverFp32],
    ] as const;
    terminal.table(
      ["speed of", "over that of", "median of rounds", "lowest – highest"],
      pairs.flatMap(([first, second, ratio]) =>
        ratio === null
          ? []
          : [
              [
                first,
                second,
                `${ratio.median.toFixed(2)}×`,
                ratio.range.map((factor) => `${factor.toFixed(2)}×`).join(" – "),
              ],
            ],
      ),
    );
    const fastest = Math.max(result.fp32.imagesPerSecond, result.bf16?.imagesPerSecond ?? 0);
    terminal.say(
      `${result.rounds} rounds, ${(result.parameters / 1e6).toFixed(2)} M parameters; an epoch of FER2013 takes about ${formatSeconds(28709 / fastest)}`,
    );
    terminal.next("npx nx run train:fit", "train at this speed");
    return result;
  },
});

/** A Python that has Keras; undefined, with a warning, where it cannot be had. */
async function findKeras({ terminal, signal }: CommandContext): Promise<string | undefined> {
  try {
    return await peerPython(KERAS_REQUIREMENTS, { terminal, signal });
  } catch (error) {
    if (error instanceof MienError && error.code === "interrupted") throw error;
    terminal.warn(`Keras is left out: ${messageOf(error)}`);
    return undefined;
  }
}
