import { cpus } from "node:os";
import path from "node:path";
import {
  defineCommand,
  findRun,
  FOLDERS,
  outOption,
  writeFileAtomic,
  writeJson,
  type Terminal,
} from "@mien/cli";
import { measureModel, type BenchmarkRow } from "../measure-model.ts";
import { exportedModel, readFinishedRun, runPaths } from "../run-export.ts";

export const benchmark = defineCommand({
  name: "benchmark",
  summary: "times the exported model against the trained one in tfjs",
  details:
    "One face and 64 faces at a time, tfjs-node's predict against onnxruntime with one and two threads, " +
    "in alternating turns. Writes DIR/<run>.benchmark.json and .png.",
  examples: ["npx nx run export:benchmark", "npx nx run export:benchmark demo --seconds 2"],
  positional: {
    name: "RUN",
    description: "name or folder of a run; default: the newest finished one",
  },
  options: {
    seconds: {
      type: "number",
      min: 0.1,
      max: 3600,
      default: 5,
      description: "seconds of measuring for each engine and batch size",
    },
    model: {
      type: "string",
      placeholder: "FILE",
      description: "the exported model; default: artifacts/models/<run>.onnx",
    },
    out: { ...outOption("folder for the figures"), default: FOLDERS.models },
  },
  async run({ seconds, model: modelOption, out }, { terminal, signal, positionals }) {
    const paths = runPaths(await findRun(positionals[0]));
    const config = await readFinishedRun(paths);
    const model = exportedModel(paths, modelOption);
    terminal.say(`run ${paths.run}, model ${model}`);
    const progress = terminal.progress("measure", 100);
    const rows = await measureModel(paths, config, {
      model,
      seconds,
      signal,
      onProgress: (share) => progress.update(Math.round(100 * share)),
    }).finally(() => progress.stop());
    show(terminal, rows);
    const machine = {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      node: process.version,
    };
    // What a live application does: one face at a time, with the runtime's one thread.
    const speedup = rows.find((row) => row.batch === 1 && row.threads === 1)?.factor;
    const result = { run: paths.run, model, seconds, machine, speedup, rows };
    const base = path.join(out, `${paths.name}.benchmark`);
    const { drawBenchmark } = await import("../draw-benchmark.ts");
    await writeFileAtomic(`${base}.png`, drawBenchmark(rows, paths.name));
    await writeJson(`${base}.json`, result);
    terminal.wrote(`${base}.json`);
    terminal.wrote(`${base}.png`);
    terminal.next(
      "npx nx run app:analyze --source face.jpg --cropped",
      "reads the expression in a photo",
    );
    return result;
  },
});

function show(terminal: Terminal, rows: readonly BenchmarkRow[]): void {
  terminal.table(
    ["engine", "faces a call", "calls", "mean ms", "median ms", "p99 ms", "ms a face", "faster"],
    rows.map((row) => [
      row.name,
      row.batch,
      row.calls,
      row.mean.toFixed(2),
      row.median.toFixed(2),
      row.p99.toFixed(2),
      row.perFace.toFixed(3),
      `${row.factor.toFixed(1)}×`,
    ]),
  );
}
