import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { defineCommand, FOLDERS, formatBytes } from "@mien/cli";
import { imageSize, MienError, random } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { contender, secondsOption, timeAlternating } from "../benchmark/export-timing.ts";

const BATCHES = [1, 64] as const;

export const speed = defineCommand({
  name: "speed",
  summary: "Compare the speed of exported models in onnxruntime",
  details:
    "Measures 1 and 64 faces per call with one thread. The models alternate within one run. Needs only the model files.",
  examples: [
    "npx nx run export:speed",
    "npx nx run export:speed artifacts/models/mine.onnx artifacts/release/pocket.onnx",
  ],
  positional: {
    name: "FILE",
    description: "Exported models to compare",
    defaultText: "all models in artifacts/release",
    list: true,
  },
  options: {
    seconds: secondsOption("model"),
  },
  async run({ seconds }, { terminal, signal, positionals }) {
    const files = positionals.length > 0 ? positionals : releasedModels();
    const classifiers: ExpressionClassifier[] = [];
    const progress = terminal.progress("measure", 100);
    try {
      for (const file of files) {
        classifiers.push(await ExpressionClassifier.open(file, { threads: 1 }));
      }
      const rows = [];
      for (const [done, batch] of BATCHES.entries()) {
        const contenders = classifiers.map((classifier, i) => {
          const pixels = noise(batch * imageSize(classifier.metadata.input));
          return contender(files[i] as string, () => classifier.run(pixels, batch));
        });
        const timings = await timeAlternating(
          contenders,
          { seconds },
          {
            signal,
            onProgress: (share) =>
              progress.update(Math.round((100 * (done + share)) / BATCHES.length)),
          },
        );
        const slowest = Math.max(...timings.map(({ median }) => median));
        for (const timing of timings) {
          rows.push({
            ...timing,
            batch,
            bytes: statSync(timing.name).size,
            perFace: timing.median / batch,
            factor: slowest / timing.median,
          });
        }
      }
      progress.stop();
      terminal.table(
        ["model", "size", "faces a call", "calls", "median ms", "p99 ms", "ms a face", "× slowest"],
        rows.map((row) => [
          path.basename(row.name),
          formatBytes(row.bytes),
          row.batch,
          row.calls,
          row.median.toFixed(2),
          row.p99.toFixed(2),
          row.perFace.toFixed(3),
          `${row.factor.toFixed(2)}×`,
        ]),
      );
      return { seconds, rows };
    } finally {
      progress.stop();
      for (const classifier of classifiers) await classifier.close();
    }
  },
});

function releasedModels(): string[] {
  const entries = existsSync(FOLDERS.release) ? readdirSync(FOLDERS.release) : [];
  const names = entries.filter((name) => name.endsWith(".onnx")).sort();
  if (names.length > 0) return names.map((name) => path.join(FOLDERS.release, name));
  throw new MienError("missing-file", `no models in ${FOLDERS.release}`, {
    advice: "Name the files: npx nx run export:speed FILE FILE",
  });
}

/** What the pixels show makes no difference to the time. */
function noise(count: number): Float32Array {
  const stream = random("speed", count);
  return Float32Array.from({ length: count }, () => Math.floor(256 * stream.uniform()));
}
