import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import {
  benchmarkTable,
  describeEnvironment,
  formatFactor,
  KERAS_REQUIREMENTS,
  peerPython,
  sayEnvironment,
} from "@mien/bench";
import {
  type CommandContext,
  defineCommand,
  findRun,
  FOLDERS,
  formatBytes,
  formatSeconds,
  type OptionValues,
  outOption,
  type Terminal,
  writeFileAtomic,
  writeJson,
} from "@mien/cli";
import { MienError, RUN_FILES } from "@mien/format";
import type { ConverterRow } from "../benchmark/converter-comparison.ts";
import type { EngineRow } from "../benchmark/engine-benchmark.ts";
import { findModels, readFinishedRun, readReference, runPaths } from "../model/run-export.ts";

/** The numbers of predictions in the tables of the study case. */
const STUDY_CALLS = [100, 10_000];

const options = {
  seconds: {
    type: "number",
    min: 0.1,
    max: 3600,
    default: 5,
    unit: "seconds",
    description: "Measuring time for each engine or model and each batch size",
  },
  keras: {
    type: "boolean",
    description: "Also measure Keras: predict, model(x) and tf.function",
    group: "comparison of engines",
  },
  web: {
    type: "boolean",
    description: "Also measure onnxruntime-web (WebAssembly) in Chromium",
    group: "comparison of engines",
  },
  study: {
    type: "boolean",
    description:
      "Also measure 100 and 10,000 single predictions by each engine (10 minutes with --keras)",
    group: "comparison of engines",
  },
  tf2onnx: {
    type: "boolean",
    description: "Also convert the same weights with Keras and tf2onnx, and compare the two files",
    group: "comparison of engines",
  },
  model: {
    type: "string",
    placeholder: "FILE",
    description: "Exported model of the run",
    defaultText: "each of artifacts/models/<run>.onnx, .fp16.onnx and .int8.onnx that exists",
    group: "comparison of engines",
  },
  out: { ...outOption("Folder of the results of a run"), default: FOLDERS.models },
} as const;

export const benchmark = defineCommand({
  name: "benchmark",
  summary:
    "Compare the speed of a run's model with tfjs, Keras and a browser, or of several models",
  details:
    "With a run, measures 1, 8 and 64 faces per call: predict of tfjs-node against onnxruntime with one and with two threads, in each exported precision. " +
    "With --keras, adds three ways to predict with Keras and the same weights; with --web, onnxruntime-web in Chromium. " +
    "Keras and tf2onnx are installed into the cache folder at the first use (about 1.5 GB). " +
    "Writes DIR/<run>.benchmark.json and DIR/<run>.benchmark.png.\n" +
    "With exported models, compares them: 1 and 64 faces per call in onnxruntime with one thread. Needs only the model files.\n" +
    "In both cases all rows of a table alternate within one run, so that other load on the machine affects all alike.",
  examples: [
    "npx nx run export:benchmark",
    "npx nx run export:benchmark demo --seconds 2",
    "npx nx run export:benchmark demo --keras --web --study --tf2onnx",
    "npx nx run export:benchmark artifacts/release",
    "npx nx run export:benchmark artifacts/models/mine.onnx artifacts/release/pocket.onnx",
  ],
  positional: {
    name: "RUN|MODEL",
    description: "A run, by its name or folder; or exported models, also by their folder",
    defaultText:
      "the newest finished run in artifacts/runs; if there is none, the models in artifacts/release",
    list: true,
  },
  options,
  async run(values, context) {
    const target = await findTarget(context.positionals);
    if ("run" in target) return compareEngines(target.run, values, context);
    const flag = (["keras", "web", "study", "tf2onnx", "model"] as const).find(
      (name) => values[name],
    );
    if (flag !== undefined) {
      throw new MienError("usage", `--${flag} compares engines, which needs a run`, {
        advice: `Name one run, or leave --${flag} out.`,
      });
    }
    return compareModels(target.files, values.seconds, context);
  },
});

type Target = { readonly run: string } | { readonly files: readonly string[] };

/**
 * Finds the run or the models that are measured.
 *
 * @throws {MienError} `usage` for more than one run, or a run beside models; `missing-file` if
 * something does not exist.
 */
async function findTarget(words: readonly string[]): Promise<Target> {
  const [first] = words;
  if (first === undefined) {
    return findRun().then(
      (run) => ({ run }),
      (error: unknown) => {
        const files = modelsIn(FOLDERS.release);
        if (files.length > 0) return { files };
        throw error;
      },
    );
  }
  const named = words.map((word) => (word.endsWith(".onnx") ? [word] : modelsIn(word)));
  if (named.every((files) => files.length > 0)) return { files: named.flat() };
  if (words.length === 1) return { run: await findRun(first) };
  const odd = words.find((_, i) => named[i]?.length === 0);
  throw new MienError("usage", `${odd} is not a model, and a run is measured alone`, {
    advice: "Name one run, or files that end in .onnx.",
  });
}

/** The models in a folder by name; none in the folder of a run, or without a folder. */
function modelsIn(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".onnx"));
  return names.sort().map((name) => path.join(folder, name));
}

async function compareModels(
  files: readonly string[],
  seconds: number,
  { terminal, signal }: CommandContext,
) {
  const environment = describeEnvironment(import.meta.url, ["onnxruntime-node"]);
  const { benchmarkModels } = await import("../benchmark/model-benchmark.ts");
  const progress = terminal.progress("measure", 100);
  const rows = await benchmarkModels(files, {
    seconds,
    signal,
    onProgress: (share) => progress.update(Math.round(100 * share)),
  }).finally(() => progress.stop());
  sayEnvironment(terminal, environment);
  benchmarkTable(terminal, rows, [
    ["model", ({ name }) => path.basename(name)],
    ["size", ({ bytes }) => formatBytes(bytes)],
    ["faces a call", ({ batch }) => batch],
    ["calls", ({ calls }) => calls],
    ["median ms", ({ median }) => median.toFixed(2)],
    ["p99 ms", ({ p99 }) => p99.toFixed(2)],
    ["ms a face", ({ perFace }) => perFace.toFixed(3)],
    ["× slowest", ({ factor }) => formatFactor(factor)],
  ]);
  return { ...environment, seconds, rows };
}

async function compareEngines(
  folder: string,
  values: OptionValues<typeof options>,
  { terminal, signal }: CommandContext,
) {
  const { seconds, out } = values;
  const paths = runPaths(folder);
  const config = await readFinishedRun(paths);
  const models = findModels(paths, values.model);
  const needsPython = values.keras || values.tf2onnx;
  const python = needsPython
    ? await peerPython(KERAS_REQUIREMENTS, { terminal, signal })
    : undefined;
  terminal.say(`run ${paths.run}, model ${models.map(({ file }) => file).join(", ")}`);
  const { benchmarkEngines } = await import("../benchmark/engine-benchmark.ts");
  const progress = terminal.progress("measure", 100);
  const { rows, study, versions } = await benchmarkEngines(paths, config, {
    models,
    seconds,
    study: values.study ? STUDY_CALLS : [],
    python: values.keras ? python : undefined,
    web: values.web,
    signal,
    onProgress: (share) => progress.update(Math.round(100 * share)),
  }).finally(() => progress.stop());
  const packages = ["@tensorflow/tfjs-node", "onnxruntime-node"];
  const environment = describeEnvironment(
    import.meta.url,
    values.web ? [...packages, "onnxruntime-web"] : packages,
    versions,
  );
  sayEnvironment(terminal, environment);
  showEngines(terminal, rows);
  if (study.length > 0) {
    terminal.say("");
    showEngines(terminal, study);
  }
  const { height, width, channels } = config.input;
  const { inputs } = await readReference(paths, config);
  const converters =
    values.tf2onnx && python !== undefined
      ? await (
          await import("../benchmark/converter-comparison.ts")
        ).compareConverters(
          path.join(paths.run, RUN_FILES.model),
          {
            shape: [1, height, width, channels],
            data: inputs.subarray(0, height * width * channels),
          },
          { python, seconds, signal },
        )
      : undefined;
  if (converters !== undefined) showConverters(terminal, converters);
  const answer = {
    ...environment,
    run: paths.run,
    model: models[0]?.file,
    models: models.map(({ precision, file }) => ({ precision, bytes: statSync(file).size })),
    seconds,
    // As in a live application: one face at a time, with one thread.
    speedup: rows.find((row) => row.batch === 1 && row.threads === 1)?.factor,
    rows,
    study,
    ...(converters === undefined ? {} : { converters }),
  };
  const base = path.join(out, `${paths.name}.benchmark`);
  const { drawEngines } = await import("../benchmark/engine-chart.ts");
  await writeFileAtomic(`${base}.png`, drawEngines(rows, paths.name));
  await writeJson(`${base}.json`, answer);
  terminal.wrote(`${base}.json`);
  terminal.wrote(`${base}.png`);
  terminal.next(
    "npx nx run app:analyze --source face.jpg --cropped",
    "reads the expression in a photo",
  );
  return answer;
}

function showEngines(terminal: Terminal, rows: readonly EngineRow[]): void {
  const hasKeras = rows.some(({ kerasFactor }) => kerasFactor !== null);
  benchmarkTable(terminal, rows, [
    ["engine", ({ name }) => name],
    ["faces a call", ({ batch }) => batch],
    ["calls", ({ calls }) => calls],
    ["mean ms", ({ mean }) => mean.toFixed(2)],
    ["median ms", ({ median }) => median.toFixed(2)],
    ["p99 ms", ({ p99 }) => p99.toFixed(2)],
    ["ms a face", ({ perFace }) => perFace.toFixed(3)],
    ["× tfjs", ({ factor }) => formatFactor(factor, 1)],
    ...(hasKeras ? [KERAS_COLUMN] : []),
  ]);
}

const KERAS_COLUMN = [
  "× Keras",
  ({ kerasFactor }: EngineRow) => (kerasFactor === null ? "–" : formatFactor(kerasFactor, 1)),
] as const;

function showConverters(terminal: Terminal, rows: readonly ConverterRow[]): void {
  terminal.say("");
  benchmarkTable(terminal, rows, [
    ["converter", ({ name }) => name],
    ["as a process", ({ seconds }) => formatSeconds(seconds)],
    ["file", ({ bytes }) => formatBytes(bytes)],
    ["bytes", ({ bytes }) => bytes],
    ["nodes", ({ nodes }) => nodes],
    ["ms a face", ({ median }) => median.toFixed(3)],
  ]);
}
