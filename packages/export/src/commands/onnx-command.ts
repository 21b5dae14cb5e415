import { stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import {
  codeVersion,
  csvOption,
  defineCommand,
  findRun,
  FOLDERS,
  formatBytes,
  formatSeconds,
  freshness,
  outOption,
  recordMadeFrom,
  shellQuote,
  writeFileAtomic,
} from "@mien/cli";
import { OPSETS } from "@mien/tfjs-to-onnx";
import { exportModel } from "../model/export-model.ts";
import { PRECISION_NAMES, precisionOf } from "../model/model-precision.ts";
import {
  exportedModel,
  hashRun,
  modelFileOf,
  modelFlag,
  readFinishedRun,
  runPaths,
} from "../model/run-export.ts";
import { writeWebFolder } from "../web/web-folder.ts";

export const onnx = defineCommand({
  name: "onnx",
  summary: "Export a trained model as one ONNX file",
  details:
    "Converts the model of a run to DIR/<run>.onnx. The input is pixels of 0 to 255, the output is probabilities. " +
    "The metadata holds the labels, the input size, the training and the metrics; the temperature of a calibrated run is part of the graph.\n" +
    "With --precision fp16, writes DIR/<run>.fp16.onnx with 16-bit floats, for GPUs and the web. " +
    "With --precision int8, writes DIR/<run>.int8.onnx with 8-bit integers; the quantisation ranges are measured on training images.\n" +
    "The file is written after its outputs in onnxruntime agree with the reference outputs of the run.",
  examples: [
    "npx nx run export:onnx",
    "npx nx run export:onnx demo --out artifacts/models",
    "npx nx run export:onnx demo --precision int8 --csv artifacts/demo/synth.csv",
    "npx nx run export:onnx demo --for web",
  ],
  positional: {
    name: "RUN",
    description: "Run to export: its name or folder",
    defaultText: "the newest finished run in artifacts/runs",
  },
  options: {
    out: { ...outOption("Folder of the model"), default: FOLDERS.models },
    precision: {
      type: "string",
      choices: PRECISION_NAMES,
      default: "fp32",
      description: "Number format of the model",
    },
    opset: {
      type: "integer",
      min: OPSETS.oldest,
      max: OPSETS.newest,
      default: OPSETS.usual,
      description: "Version of the ONNX operator set; int8 supports up to 20",
      unit: null,
    },
    csv: {
      ...csvOption,
      description: "Data set whose training images give the quantisation ranges of int8",
      defaultText: "the file that the run was trained on",
    },
    for: {
      type: "string",
      choices: ["web"],
      description:
        "Also write the folder DIR/<run>-web: the model, its labels and a page that runs it",
    },
    fresh: { type: "boolean", description: "Export again even if the file is up to date" },
  },
  async run(options, { terminal, signal, positionals }) {
    const { out, opset, csv, fresh } = options;
    const precision = precisionOf(options.precision);
    const start = performance.now();
    const paths = runPaths(await findRun(positionals[0]));
    const config = await readFinishedRun(paths);
    terminal.say(`run ${paths.run}`);
    const model = modelFileOf(paths, out, precision);
    const record = model.replace(/onnx$/, "made-from.json");
    const inputs = {
      ...(await hashRun(paths)),
      ...(opset === OPSETS.usual ? {} : { opset: String(opset) }),
    };
    const code = await codeVersion([
      path.resolve(import.meta.dirname, ".."),
      path.dirname(fileURLToPath(import.meta.resolve("@mien/tfjs-to-onnx"))),
    ]);
    const state = fresh ? "stale" : await freshness(record, inputs, code);
    const made =
      state === "stale" ? await make() : { upToDate: true, bytes: (await stat(model)).size };
    if (state !== "stale") {
      terminal.say(`${model} is up to date`);
      if (state === "other-code") {
        terminal.warn(
          "the code of the exporter has changed since this export; add --fresh to export again",
        );
      }
    }
    const web = options.for === undefined ? undefined : path.join(out, `${paths.name}-web`);
    if (web !== undefined) {
      await writeWebFolder(web, exportedModel(paths, model));
      terminal.wrote(web, "the model, its labels and a page that runs it");
      terminal.next(`python3 -m http.server -d ${shellQuote(web)}`, "serves the page");
    }
    terminal.next(
      `npx nx run export:verify ${shellQuote(paths.argument)}${modelFlag(paths, model)}`,
      "compares it on every validation image",
    );
    return {
      run: paths.run,
      model,
      precision,
      opset,
      ...made,
      ...(web === undefined ? {} : { web }),
    };

    async function make() {
      const bar = terminal.progress("measure quantisation ranges", 100);
      const onProgress = (share: number) => bar.update(Math.round(100 * share));
      const exported = await exportModel(paths, config, {
        precision,
        opset,
        csv,
        signal,
        onProgress,
      }).finally(() => bar.stop());
      const { bytes, agreement } = exported;
      await writeFileAtomic(model, bytes);
      await recordMadeFrom(record, { inputs, code, outputs: [path.basename(model)] });
      const { images, maxDifference } = agreement;
      terminal.table(
        ["model", "size", "reference images", "largest difference", "time"],
        [
          [
            path.basename(model),
            formatBytes(bytes.length),
            images,
            maxDifference.toExponential(1),
            formatSeconds((performance.now() - start) / 1000),
          ],
        ],
      );
      terminal.wrote(model);
      return { bytes: bytes.length, upToDate: false, maxDifference, images };
    }
  },
});
