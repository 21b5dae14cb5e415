import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import {
  csvOption,
  defineCommand,
  findRun,
  formatBytes,
  formatPercent,
  type Progress,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import { MienError } from "@mien/format";
import { compareLayers, type LayerComparison } from "../verify/compare-layers.ts";
import { requireAgreement, type Agreement } from "../model/compare-outputs.ts";
import { PRECISIONS } from "../model/model-precision.ts";
import {
  findModels,
  modelFlag,
  readFinishedRun,
  runPaths,
  type ModelFile,
} from "../model/run-export.ts";
import { verifyModel, type ModelVerification, type Verification } from "../verify/verify-model.ts";

export const verify = defineCommand({
  name: "verify",
  summary: "Verify that an exported model gives the same outputs as the trained one",
  details:
    "Runs the trained model in tfjs and the exported one in onnxruntime on the reference images of the run and on every validation image (PublicTest), both with the temperature of the run's calibration.\n" +
    "Fails, and names the rows of the CSV, if a probability differs by more than 1e-5 or a prediction differs. " +
    "For fp16 the limit is a difference of 0.02, for int8 a loss of 0.5 percentage points of accuracy.",
  examples: [
    "npx nx run export:verify",
    "npx nx run export:verify demo --csv artifacts/demo/synth.csv",
  ],
  positional: {
    name: "RUN",
    description: "Run to verify: its name or folder",
    defaultText: "the newest finished run in artifacts/runs",
  },
  options: {
    layers: {
      type: "boolean",
      description:
        "Also compare the output of each layer; done without this flag if outputs differ",
    },
    model: {
      type: "string",
      placeholder: "FILE",
      description: "Exported model",
      defaultText: "each of artifacts/models/<run>.onnx, .fp16.onnx and .int8.onnx that exists",
    },
    csv: {
      ...csvOption,
      defaultText: "the file that the run was trained on",
    },
  },
  async run({ model: modelOption, csv, layers }, { terminal, signal, positionals }) {
    const paths = runPaths(await findRun(positionals[0]));
    const config = await readFinishedRun(paths);
    const models = findModels(paths, modelOption);
    const model = models[0]?.file ?? "";
    terminal.say(`run ${paths.run}, model ${models.map(({ file }) => file).join(", ")}`);
    const bars = new Map<string, Progress>();
    const verification = await verifyModel(paths, config, {
      models,
      csv,
      signal,
      onProgress: (stage, done, total) => {
        const bar = bars.get(stage) ?? terminal.progress(stage, total);
        bars.set(stage, bar);
        bar.update(done);
        if (done === total) bar.stop();
      },
    }).finally(() => bars.forEach((bar) => bar.stop()));
    show(terminal, verification);
    const partings = verification.models.filter((each) => problemOf(verification, each));
    const inspected = layers ? models : partings;
    const layerTables: Record<string, LayerComparison[]> = {};
    for (const each of inspected) {
      layerTables[each.file] = await compareLayers(paths, config, each);
      showLayers(terminal, each, layerTables[each.file] as LayerComparison[]);
    }
    requireAll(verification, layerTables);
    terminal.next(
      `npx nx run export:benchmark ${shellQuote(paths.argument)}${modelFlag(paths, model)}`,
      "shows how much faster it is",
    );
    return {
      ...{ run: paths.run, model, ...summarise(verification) },
      ...(layers ? { layers: layerTables } : {}),
    };
  },
});

function show(terminal: Terminal, verification: Verification): void {
  const { opened, models, correct } = verification;
  const row = (name: string, { images, maxDifference, agreement }: Agreement) => [
    name,
    images,
    maxDifference.toExponential(1),
    formatPercent(agreement),
  ];
  const of = ({ precision }: ModelFile) => `${precision} with tfjs`;
  terminal.table(
    ["comparison", "images", "largest difference", "same answer"],
    [
      row("tfjs with the end of training", opened),
      ...models.map((model) => row(`${of(model)}, reference`, model.reference)),
      ...models.map((model) => row(`${of(model)}, validation`, model.validation)),
    ],
  );
  const images = models[0]?.validation.images ?? 0;
  if (images === 0) {
    terminal.warn("the data set has no PublicTest row, so that there is no validation part");
    return;
  }
  terminal.say("");
  terminal.table(
    ["engine", "size", "right", "accuracy", "ms an image"],
    [
      ["tfjs", "–", correct, formatPercent(correct / images), "–"],
      ...models.map((model) => [
        `onnxruntime, ${model.precision}`,
        formatBytes(statSync(model.file).size),
        model.correct,
        formatPercent(model.correct / images),
        model.latency.toFixed(2),
      ]),
    ],
  );
}

function showLayers(
  terminal: Terminal,
  { precision, file }: ModelFile,
  comparisons: readonly LayerComparison[],
): void {
  terminal.say("");
  if (comparisons.length === 0) {
    terminal.warn(`${file} shares no layer with this run's own export`);
    return;
  }
  terminal.table(
    [`layer, ${precision}`, "shape", "difference / largest", ""],
    comparisons.map(({ layer, shape, difference, parts }) => [
      layer,
      shape.slice(1).join(" × "),
      difference.toExponential(1),
      parts ? "parts" : "",
    ]),
  );
}

/** Why an exported model must not pass; undefined if it may. */
function problemOf(
  { correct, rows }: Verification,
  { file, precision, reference, validation, ...model }: ModelVerification,
): MienError | undefined {
  const rowOf = (image: number) => `row ${rows[image] ?? "?"} of the CSV`;
  try {
    requireAgreement(reference, `tfjs and ${file} part on the reference images`);
    requireAgreement(validation, `tfjs and ${file} part on the validation images`, rowOf);
  } catch (error) {
    return error as MienError;
  }
  const { accuracyLoss } = PRECISIONS[precision];
  const lost = (correct - model.correct) / Math.max(1, validation.images);
  if (lost <= accuracyLoss) return undefined;
  return new MienError(
    "mismatch",
    `${file} answers ${model.correct} of ${validation.images} validation images rightly, tfjs ${correct}: ` +
      `at most ${formatPercent(accuracyLoss, 1)} may be lost, ${formatPercent(lost)} is`,
  );
}

/** Throws what is wrong with the first model that must not pass, with the layer where it begins. */
function requireAll(
  verification: Verification,
  layers: Readonly<Record<string, readonly LayerComparison[]>>,
): void {
  requireAgreement(verification.opened, "tfjs opens another model than the one that was trained");
  for (const model of verification.models) {
    const problem = problemOf(verification, model);
    if (problem === undefined) continue;
    const compared = layers[model.file] ?? [];
    const first = compared.findIndex(({ parts }) => parts);
    if (first < 0) throw problem;
    const before = compared[first - 1]?.layer;
    const where =
      `they part first at the layer ${compared[first]?.layer ?? ""}` +
      (before === undefined ? "" : `; up to ${before} they agree`);
    throw new MienError("mismatch", `${problem.message}\n  ${where}`, {
      ...(problem.advice === undefined ? {} : { advice: problem.advice }),
    });
  }
}

function summarise({ models, correct }: Verification) {
  const figures = ({ images, maxDifference, agreement }: Agreement) => ({
    images,
    maxDifference,
    agreement,
  });
  const share = (right: number, images: number) => (images === 0 ? null : right / images);
  const all = models.map(({ file, precision, reference, validation, ...model }) => ({
    file,
    precision,
    bytes: statSync(file).size,
    sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
    latencyMs: model.latency,
    maxDifference: Math.max(reference.maxDifference, validation.maxDifference),
    agreement: Math.min(reference.agreement, validation.agreement),
    reference: figures(reference),
    validation: {
      ...figures(validation),
      correct: { tfjs: correct, onnx: model.correct },
      accuracy: {
        tfjs: share(correct, validation.images),
        onnx: share(model.correct, validation.images),
      },
    },
  }));
  return { ...all[0], models: all };
}
