import { defineCommand, formatSeconds } from "@mien/cli";
import { resolveConfig } from "../config.ts";

export const benchmarkCommand = defineCommand({
  name: "benchmark",
  summary: "compare the speed of our training step with stock tfjs-node's model.fit",
  details:
    "Trains the same network on the same random images in alternating rounds, so that other work\n" +
    "on the machine slows both alike. Writes nothing but the --json file.",
  examples: [
    "npx nx run train:benchmark",
    "npx nx run train:benchmark --seconds 60 --json speed.json",
  ],
  options: {
    seconds: {
      type: "number",
      description: "how long to measure",
      default: 20,
      min: 1,
      max: 3600,
    },
    batchSize: { type: "integer", description: "images a step", default: 64, min: 2, max: 1024 },
  },
  async run({ seconds, batchSize }, { terminal, signal }) {
    const { benchmarkTraining } = await import("../benchmark.ts");
    const { tensorFlowVersion } = await import("../tf.ts");
    terminal.say(`TensorFlow ${tensorFlowVersion}, batches of ${batchSize}`);
    const bar = terminal.progress("measuring", Math.ceil(seconds));
    const result = await benchmarkTraining(resolveConfig({ batchSize }), {
      seconds,
      signal,
      onProgress: (elapsed) => bar.update(Math.floor(elapsed)),
    }).finally(() => bar.stop());
    terminal.table(
      ["training step", "images/s", "lowest – highest", "CPU ms/step", "GFLOP/s", "factor"],
      (["stock", "fp32"] as const).map((name) => {
        const row = result[name];
        const [low, high] = row.imagesPerSecondRange;
        return [
          name === "stock" ? "tfjs-node model.fit" : "mien, 32-bit floats",
          row.imagesPerSecond.toFixed(0),
          `${low.toFixed(0)} – ${high.toFixed(0)}`,
          row.cpuMsPerStep.toFixed(0),
          row.gflops.toFixed(0),
          `${(row.imagesPerSecond / result.stock.imagesPerSecond).toFixed(2)}×`,
        ];
      }),
    );
    const epoch = formatSeconds(28709 / result.fp32.imagesPerSecond);
    terminal.say(
      `${result.rounds} rounds, ${(result.parameters / 1e6).toFixed(2)} M parameters; an epoch of FER2013 takes about ${epoch}`,
    );
    terminal.next("npx nx run train:fit", "train at this speed");
    return result;
  },
});
