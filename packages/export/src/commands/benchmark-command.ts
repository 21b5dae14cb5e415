import { statSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { findChromium, KERAS_REQUIREMENTS, peerPython } from "@mien/bench";
import {
  defineCommand,
  findRun,
  FOLDERS,
  formatBytes,
  formatSeconds,
  outOption,
  type Terminal,
  writeFileAtomic,
  writeJson,
} from "@mien/cli";
import { MienError, RUN_FILES } from "@mien/format";
import { measure, type BenchmarkRow } from "../benchmark/export-benchmark.ts";
import { secondsOption } from "../benchmark/export-timing.ts";
import { compareConverters, type ConverterRow } from "../benchmark/tf2onnx-peer.ts";
import { findModels, readFinishedRun, readReference, runPaths } from "../model/run-export.ts";

/** The numbers of predictions that the study case was timed with. */
const STUDY_CALLS = [100, 10_000];

export const benchmark = defineCommand({
  name: "benchmark",
  summary: "Compare the speed of an exported model with tfjs, Keras and a browser",
  details:
    "Measures 1, 8 and 64 faces per call: predict of tfjs-node against onnxruntime with one and with two threads, in each exported precision. " +
    "With --keras, adds three ways to predict with Keras and the same weights; with --web, onnxruntime-web in Chromium. All of them alternate within one run.\n" +
    "Keras and tf2onnx are installed into the cache folder at the first use (about 1.5 GB).\n" +
    "Writes DIR/<run>.benchmark.json and DIR/<run>.benchmark.png.",
  examples: [
    "npx nx run export:benchmark",
    "npx nx run export:benchmark demo --seconds 2",
    "npx nx run export:benchmark demo --keras --web --study --tf2onnx",
  ],
  positional: {
    name: "RUN",
    description: "Run to measure: its name or folder",
    defaultText: "the newest finished run in artifacts/runs",
  },
  options: {
    seconds: secondsOption("engine"),
    keras: {
      type: "boolean",
      description: "Also measure Keras: predict, model(x) and tf.function",
    },
    web: { type: "boolean", description: "Also measure onnxruntime-web (WebAssembly) in Chromium" },
    study: {
      type: "boolean",
      description:
        "Also time 100 and 10,000 single predictions by each engine (10 minutes with --keras)",
    },
    tf2onnx: {
      type: "boolean",
      description:
        "Also convert the same weights with Keras and tf2onnx, and compare the two files",
    },
    model: {
      type: "string",
      placeholder: "FILE",
      description: "Exported model",
      defaultText: "each of artifacts/models/<run>.onnx, .fp16.onnx and .int8.onnx that exists",
    },
    out: { ...outOption("Folder of the results"), default: FOLDERS.models },
  },
  async run(options, { terminal, signal, positionals }) {
    const { seconds, out } = options;
    const paths = runPaths(await findRun(positionals[0]));
    const config = await readFinishedRun(paths);
    const models = findModels(paths, options.model);
    const chromium = options.web ? requireChromium() : undefined;
    const needsPython = options.keras || options.tf2onnx;
    const python = needsPython
      ? await peerPython(KERAS_REQUIREMENTS, { terminal, signal })
      : undefined;
    terminal.say(`run ${paths.run}, model ${models.map(({ file }) => file).join(", ")}`);
    const progress = terminal.progress("measure", 100);
    const result = await measure(paths, config, {
      models,
      seconds,
      study: options.study ? STUDY_CALLS : [],
      python: options.keras ? python : undefined,
      chromium,
      signal,
      onProgress: (share) => progress.update(Math.round(100 * share)),
    }).finally(() => progress.stop());
    show(terminal, result.rows);
    if (result.study.length > 0) {
      terminal.say("");
      show(terminal, result.study);
    }
    const { height, width, channels } = config.input;
    const image = (await readReference(paths, config)).inputs.subarray(
      0,
      height * width * channels,
    );
    const converters =
      options.tf2onnx && python !== undefined
        ? await compareConverters(
            path.join(paths.run, RUN_FILES.model),
            { shape: [1, height, width, channels], data: image },
            { python, seconds, signal },
          )
        : undefined;
    if (converters !== undefined) showConverters(terminal, converters);
    const machine = {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      node: process.version,
    };
    // What a live application does: one face at a time, with the runtime's one thread.
    const speedup = result.rows.find((row) => row.batch === 1 && row.threads === 1)?.factor;
    const sizes = models.map(({ precision, file }) => ({ precision, bytes: statSync(file).size }));
    const answer = {
      ...{ run: paths.run, model: models[0]?.file, models: sizes, seconds, machine, speedup },
      ...result,
      ...(converters === undefined ? {} : { converters }),
    };
    const base = path.join(out, `${paths.name}.benchmark`);
    const { drawBenchmark } = await import("../benchmark/export-benchmark-chart.ts");
    await writeFileAtomic(`${base}.png`, drawBenchmark(result.rows, paths.name));
    await writeJson(`${base}.json`, answer);
    terminal.wrote(`${base}.json`);
    terminal.wrote(`${base}.png`);
    terminal.next(
      "npx nx run app:analyze --source face.jpg --cropped",
      "reads the expression in a photo",
    );
    return answer;
  },
});

function requireChromium(): string {
  const found = findChromium();
  if (found !== undefined) return found;
  throw new MienError("environment", "--web needs Chromium, which was not found", {
    advice: "Install it, name it by MIEN_CHROMIUM, or leave --web out.",
  });
}

function show(terminal: Terminal, rows: readonly BenchmarkRow[]): void {
  const withKeras = rows.some((row) => row.kerasFactor !== null);
  terminal.table(
    [
      ...["engine", "faces a call", "calls", "mean ms", "median ms", "p99 ms", "ms a face"],
      ...["× tfjs", ...(withKeras ? ["× Keras"] : [])],
    ],
    rows.map((row) => [
      row.name,
      row.batch,
      row.calls,
      row.mean.toFixed(2),
      row.median.toFixed(2),
      row.p99.toFixed(2),
      row.perFace.toFixed(3),
      `${row.factor.toFixed(1)}×`,
      ...(withKeras ? [`${row.kerasFactor?.toFixed(1) ?? "–"}×`] : []),
    ]),
  );
}

function showConverters(terminal: Terminal, rows: readonly ConverterRow[]): void {
  terminal.say("");
  terminal.table(
    ["converter", "as a process", "file", "bytes", "nodes", "ms a face"],
    rows.map(({ name, seconds, bytes, nodes, median }) => [
      name,
      formatSeconds(seconds),
      formatBytes(bytes),
      bytes,
      nodes,
      median.toFixed(3),
    ]),
  );
}
