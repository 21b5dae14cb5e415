import path from "node:path";
import {
  codeVersion,
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
import { encodeModelMetadata, RUN_FILES, type RunConfig } from "@mien/format";
import { ExpressionClassifier } from "@mien/runtime";
import { stat } from "node:fs/promises";
import { comparePredictions, requireAgreement, type Agreement } from "../compare.ts";
import { convertLayersModel } from "../convert/convert.ts";
import { readLayersModel } from "../convert/layers-model.ts";
import {
  describeRun,
  hashRun,
  modelFileOf,
  modelFlag,
  readFinishedRun,
  readReference,
  runPaths,
  type RunPaths,
} from "../run-export.ts";

export const onnx = defineCommand({
  name: "onnx",
  summary: "writes a trained model as one ONNX file that says everything about itself",
  details:
    "Converts the LayersModel of a run to DIR/<run>.onnx: pixels 0–255 in, probabilities out; labels, input size, training and metrics travel " +
    "in its metadata. The file appears only after onnxruntime has given the run's reference answers with it.",
  examples: ["npx nx run export:onnx", "npx nx run export:onnx demo --out artifacts/models"],
  positional: {
    name: "RUN",
    description: "name or folder of a run; default: the newest finished one",
  },
  options: {
    out: { ...outOption("folder for the model"), default: FOLDERS.models },
    fresh: { type: "boolean", description: "export again even if nothing has changed" },
  },
  async run({ out, fresh }, { terminal, positionals }) {
    const start = performance.now();
    const paths = runPaths(await findRun(positionals[0]));
    const config = await readFinishedRun(paths);
    terminal.say(`run ${paths.run}`);
    const model = modelFileOf(paths, out);
    const record = path.join(out, `${paths.name}.made-from.json`);
    const inputs = await hashRun(paths);
    const code = await codeVersion([path.resolve(import.meta.dirname, "..")]);
    const state = fresh ? "stale" : await freshness(record, inputs, code);
    const next = () =>
      terminal.next(
        `npx nx run export:verify ${shellQuote(paths.argument)}${modelFlag(paths, model)}`,
        "compares it on every validation image",
      );
    if (state !== "stale") {
      terminal.say(`${model} is up to date`);
      if (state === "other-code") {
        terminal.warn("the exporter's code has changed since; add --fresh to export again");
      }
      next();
      const { size } = await stat(model);
      return { run: paths.run, model, bytes: size, upToDate: true };
    }
    const { bytes, agreement } = await exportModel(paths, config);
    await writeFileAtomic(model, bytes);
    await recordMadeFrom(record, { inputs, code, outputs: [path.basename(model)] });
    const seconds = (performance.now() - start) / 1000;
    terminal.table(
      ["model", "size", "reference images", "largest difference", "time"],
      [
        [
          path.basename(model),
          formatBytes(bytes.length),
          agreement.images,
          agreement.maxDifference.toExponential(1),
          formatSeconds(seconds),
        ],
      ],
    );
    terminal.wrote(model);
    next();
    const { maxDifference, images } = agreement;
    return { run: paths.run, model, bytes: bytes.length, upToDate: false, maxDifference, images };
  },
});

/** The file, tried on the run's reference. */
async function exportModel(
  paths: RunPaths,
  config: RunConfig,
): Promise<{ bytes: Uint8Array; agreement: Agreement }> {
  const trained = await readLayersModel(path.join(paths.run, RUN_FILES.model));
  const bytes = convertLayersModel(trained, {
    metadata: encodeModelMetadata(await describeRun(paths, config)),
    outputName: "probabilities",
  });
  const reference = await readReference(paths, config);
  const classifier = await ExpressionClassifier.open(bytes);
  try {
    const answers = await classifier.run(reference.inputs, reference.count);
    const agreement = comparePredictions(reference.outputs, answers, config.classes);
    requireAgreement(agreement, `the trained model and its ONNX file part on the reference`);
    return { bytes, agreement };
  } finally {
    await classifier.close();
  }
}
