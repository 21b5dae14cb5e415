import { stat } from "node:fs/promises";
import path from "node:path";
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
import { OPSETS } from "../convert/onnx-model.ts";
import { exportModel } from "../export-model.ts";
import { PRECISIONS, type Precision } from "../precision.ts";
import {
  exportedModel,
  hashRun,
  modelFileOf,
  modelFlag,
  readFinishedRun,
  runPaths,
} from "../run-export.ts";
import { writeWebFolder } from "../web/web-folder.ts";

export const onnx = defineCommand({
  name: "onnx",
  summary: "writes a trained model as one ONNX file that says everything about itself",
  details:
    "Converts the LayersModel of a run to DIR/<run>.onnx: pixels 0–255 in, probabilities out; labels, input size, training and metrics travel " +
    "in its metadata, and a calibrated run's temperature is in the graph. --precision fp16 writes DIR/<run>.fp16.onnx with 16-bit floats, for GPUs and " +
    "the web; int8 writes DIR/<run>.int8.onnx with 8-bit numbers, calibrated on training images. " +
    "The file appears only after onnxruntime has given the run's reference answers with it.",
  examples: [
    "npx nx run export:onnx",
    "npx nx run export:onnx demo --out artifacts/models",
    "npx nx run export:onnx demo --precision int8 --csv artifacts/demo/synth.csv",
    "npx nx run export:onnx demo --for web",
  ],
  positional: {
    name: "RUN",
    description: "name or folder of a run; default: the newest finished one",
  },
  options: {
    out: { ...outOption("folder for the model"), default: FOLDERS.models },
    precision: {
      type: "string",
      choices: Object.keys(PRECISIONS),
      default: "fp32",
      description: "the numbers that the model computes with",
    },
    opset: {
      type: "integer",
      min: OPSETS.oldest,
      max: OPSETS.newest,
      default: OPSETS.usual,
      description: "the ONNX operator set; int8 up to 20",
    },
    csv: {
      ...csvOption,
      description:
        "data set that int8 is calibrated on; default: the one that the run was trained on",
    },
    for: {
      type: "string",
      choices: ["web"],
      description: "also write DIR/<run>-web: the model, its labels and a page that runs it",
    },
    fresh: { type: "boolean", description: "export again even if nothing has changed" },
  },
  async run(options, { terminal, signal, positionals }) {
    const { out, opset, csv, fresh } = options;
    const precision = options.precision as Precision;
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
    const code = await codeVersion([path.resolve(import.meta.dirname, "..")]);
    const state = fresh ? "stale" : await freshness(record, inputs, code);
    const made =
      state === "stale" ? await make() : { upToDate: true, bytes: (await stat(model)).size };
    if (state !== "stale") {
      terminal.say(`${model} is up to date`);
      if (state === "other-code") {
        terminal.warn("the exporter's code has changed since; add --fresh to export again");
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
      const bar = terminal.progress("calibrate", 100);
      const onProgress = (share: number) => bar.update(Math.round(100 * share));
      const exported = await exportModel(paths, config, {
        ...{ precision, opset, csv, signal, onProgress },
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
