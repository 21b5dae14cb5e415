import { existsSync } from "node:fs";
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
  outOption,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import { MienError } from "@mien/format";
import { OPSETS } from "@mien/tfjs-to-onnx";
import { writeHub } from "../hub/write-hub.ts";
import {
  PRECISION_NAMES,
  precisionOf,
  PRECISIONS,
  type Precision,
} from "../model/model-precision.ts";
import { exportedModel, modelFlag, readFinishedRun, runPaths } from "../model/run-export.ts";
import { exportUnlessUpToDate } from "../model/up-to-date-export.ts";
import { writeWebFolder } from "../web/web-folder.ts";

export const onnx = defineCommand({
  name: "onnx",
  summary: "Export a trained model as one ONNX file",
  details:
    "Converts the model of a run to DIR/<run>.onnx. The input is pixels of 0 to 255, the output is probabilities. " +
    "The metadata holds the labels, the input size, the training and the metrics; the temperature of a calibrated run is part of the graph.\n" +
    "With --precision fp16, writes DIR/<run>.fp16.onnx with 16-bit floats, for GPUs and the web. " +
    "With --precision int8, writes DIR/<run>.int8.onnx with 8-bit integers; the quantisation ranges are measured on training images.\n" +
    "The file is written after its outputs in onnxruntime agree with the reference outputs of the run.\n" +
    "With --for web, also writes DIR/<run>-web with the model, its labels and a page that runs it.\n" +
    "With --for hub, also writes DIR/<run>-hub with the model in 32 and 8 bits, a folder that transformers.js, Python and mien itself open. Its models take images of any size, and their output is logits.",
  examples: [
    "npx nx run export:onnx",
    "npx nx run export:onnx demo --out artifacts/models",
    "npx nx run export:onnx demo --precision int8 --csv artifacts/demo/synth.csv",
    "npx nx run export:onnx demo --for web",
    "npx nx run export:onnx --for hub --model artifacts/release/fer2013.onnx",
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
      choices: ["web", "hub"],
      description:
        "Also write a folder: a page that runs the model (web), or Hugging Face's layout (hub)",
    },
    model: {
      type: "string",
      placeholder: "FILE",
      description:
        "Exported or released model for --for hub, instead of a run; the .int8.onnx file beside it is added",
    },
    fresh: { type: "boolean", description: "Export again even if the file is up to date" },
  },
  async run(options, { terminal, signal, positionals }) {
    checkChoices(options, positionals);
    const { out, opset, csv, fresh } = options;
    const code = await codeVersion([
      path.resolve(import.meta.dirname, ".."),
      path.dirname(fileURLToPath(import.meta.resolve("@mien/tfjs-to-onnx"))),
    ]);
    const writeHubOf = async (name: string, model: string, quantized: string | undefined) => {
      const hub = path.join(out, `${name}-hub`);
      const written = await writeHub(hub, { name, model, quantized, code, fresh });
      sayHub(terminal, hub, written);
      return hub;
    };
    if (options.model !== undefined) {
      const { model } = options;
      const quantized = model.replace(/\.onnx$/, PRECISIONS.int8.extension);
      const hasQuantized = quantized !== model && existsSync(quantized);
      terminal.say(`model ${model}`);
      if (!hasQuantized)
        terminal.warn(`there is no ${quantized}, so the folder has no 8-bit model`);
      const name = path.basename(model, ".onnx");
      return { model, hub: await writeHubOf(name, model, hasQuantized ? quantized : undefined) };
    }
    const paths = runPaths(await findRun(positionals[0]));
    const config = await readFinishedRun(paths);
    terminal.say(`run ${paths.run}`);
    const precision = precisionOf(options.precision);
    const { model, ...made } = await make(precision);
    let folder: { web: string } | { hub: string } | undefined;
    if (options.for === "web") {
      const web = path.join(out, `${paths.name}-web`);
      await writeWebFolder(web, exportedModel(paths, model));
      terminal.wrote(web, "the model, its labels and a page that runs it");
      terminal.next(`python3 -m http.server -d ${shellQuote(web)}`, "serves the page");
      folder = { web };
    } else if (options.for === "hub") {
      const { model: quantized } = await make("int8");
      folder = { hub: await writeHubOf(paths.name, model, quantized) };
    }
    terminal.next(
      `npx nx run export:verify ${shellQuote(paths.argument)}${modelFlag(paths, model)}`,
      "compares it on every validation image",
    );
    return { run: paths.run, model, precision, opset, ...made, ...folder };

    async function make(precision: Precision) {
      const start = performance.now();
      const bar = terminal.progress("measure quantisation ranges", 100);
      const onProgress = (share: number) => bar.update(Math.round(100 * share));
      const exported = await exportUnlessUpToDate(paths, config, {
        ...{ out, precision, opset, csv, code, fresh, signal, onProgress },
      }).finally(() => bar.stop());
      const { model, bytes, agreement, isByOtherCode } = exported;
      if (agreement === undefined) {
        terminal.say(`${model} is up to date`);
        if (isByOtherCode) {
          terminal.warn(
            "the code of the exporter has changed since this export; add --fresh to export again",
          );
        }
        return { model, upToDate: true, bytes };
      }
      const { images, maxDifference } = agreement;
      terminal.table(
        ["model", "size", "reference images", "largest difference", "time"],
        [
          [
            path.basename(model),
            formatBytes(bytes),
            images,
            maxDifference.toExponential(1),
            formatSeconds((performance.now() - start) / 1000),
          ],
        ],
      );
      terminal.wrote(model);
      return { model, bytes, upToDate: false, maxDifference, images };
    }
  },
});

/** @throws {MienError} `usage` for flags that exclude each other. */
function checkChoices(
  options: {
    readonly for: string | undefined;
    readonly model: string | undefined;
    readonly precision: string | undefined;
  },
  positionals: readonly string[],
): void {
  if (options.for === "hub" && options.precision !== "fp32") {
    throw new MienError("usage", "--for hub writes 32 and 8 bits; leave --precision out");
  }
  if (options.model === undefined) return;
  if (options.for !== "hub") {
    throw new MienError("usage", "--model FILE can be used only with --for hub");
  }
  if (positionals.length > 0) {
    throw new MienError("usage", "give either RUN or --model FILE");
  }
}

function sayHub(
  terminal: Terminal,
  folder: string,
  written: Awaited<ReturnType<typeof writeHub>>,
): void {
  if (written === undefined) terminal.say(`${folder} is up to date`);
  else {
    terminal.table(
      ["model for Hugging Face", "size", "images", "largest difference"],
      written.map(({ name, bytes, agreement }) => [
        name,
        formatBytes(bytes),
        agreement.images,
        agreement.maxDifference.toExponential(1),
      ]),
    );
    terminal.wrote(folder, "the models, their configuration and the model card");
  }
  terminal.next(
    `npx nx run export:verify-hub ${shellQuote(folder)}`,
    "runs it in transformers.js and Python",
  );
}
