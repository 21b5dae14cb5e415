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
    "Runs the trained model in tfjs and the exported one in onnxruntime on the reference images of the run and on every image of its validation split, both with the temperature of the run's calibration.\n" +
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
    const failed = verification.models.filter((each) => problemOf(verification, each));
    const layerTables = new Map<string, readonly LayerComparison[]>();
    for (const each of layers ? models : failed) {
      const comparisons = await compareLayers(paths, config, each);
      layerTables.set(each.file, comparisons);
      showLayers(terminal, each, comparisons);
    }
    requireAll(verification, layerTables);
    terminal.next(
      `npx nx run export:benchmark ${shellQuote(paths.argument)}${modelFlag(paths, model)}`,
      "shows how much faster it is",
    );
    return {
      run: paths.run,
      model,
      ...summarise(verification),
      ...(layers ? { layers: summariseLayers(layerTables) } : {}),
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
    ["comparison", "images", "largest difference", "same prediction"],
    [
      row("tfjs with the end of training", opened),
      ...models.map((model) => row(`${of(model)}, reference`, model.reference)),
      ...models.map((model) => row(`${of(model)}, validation`, model.validation)),
    ],
  );
  const images = models[0]?.validation.images ?? 0;
  if (images === 0) {
    terminal.warn("the data set has no PublicTest rows, so there are no validation images");
    return;
  }
  terminal.say("");
  terminal.table(
    ["engine", "size", "correct", "accuracy", "ms per image"],
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
    terminal.warn(`${file} has no layer in common with a new export of this run`);
    return;
  }
  terminal.table(
    [`layer, ${precision}`, "shape", "difference / largest", ""],
    comparisons.map(({ layer, shape, difference, differs }) => [
      layer,
      shape.slice(1).join(" × "),
      difference.toExponential(1),
      differs ? "differs" : "",
    ]),
  );
}

/** The reason why an exported model fails the verification; undefined if it passes. */
function problemOf(
  { correct, rows }: Verification,
  { file, precision, reference, validation, ...model }: ModelVerification,
): MienError | undefined {
  const rowOf = (image: number) => `row ${rows[image] ?? "?"} of the CSV`;
  try {
    requireAgreement(reference, `tfjs and ${file} differ on the reference images`);
    requireAgreement(validation, `tfjs and ${file} differ on the validation images`, rowOf);
  } catch (error) {
    if (error instanceof MienError) return error;
    throw error;
  }
  const { accuracyLoss } = PRECISIONS[precision];
  const lost = (correct - model.correct) / Math.max(1, validation.images);
  if (lost <= accuracyLoss) return undefined;
  return new MienError(
    "mismatch",
    `${file} predicts ${model.correct} of ${validation.images} validation images correctly, tfjs ${correct}: ` +
      `the loss of accuracy may be at most ${formatPercent(accuracyLoss, 1)}, found ${formatPercent(lost)}`,
  );
}

/** Throws the problem of the first model that fails, with the first layer that differs. */
function requireAll(
  verification: Verification,
  layers: ReadonlyMap<string, readonly LayerComparison[]>,
): void {
  requireAgreement(verification.opened, "the model in tfjs differs from the one that was trained");
  for (const model of verification.models) {
    const problem = problemOf(verification, model);
    if (problem === undefined) continue;
    const compared = layers.get(model.file) ?? [];
    const first = compared.findIndex(({ differs }) => differs);
    if (first < 0) throw problem;
    const before = compared[first - 1]?.layer;
    const where =
      `the first layer that differs is ${compared[first]?.layer ?? ""}` +
      (before === undefined ? "" : `; the layers up to ${before} agree`);
    throw new MienError("mismatch", `${problem.message}\n  ${where}`, {
      ...(problem.advice === undefined ? {} : { advice: problem.advice }),
    });
  }
}

/** The comparisons of layers under the names of the command's JSON. */
function summariseLayers(layers: ReadonlyMap<string, readonly LayerComparison[]>) {
  const rows = (comparisons: readonly LayerComparison[]) =>
    comparisons.map(({ differs, ...row }) => ({ ...row, parts: differs }));
  return Object.fromEntries([...layers].map(([file, comparisons]) => [file, rows(comparisons)]));
}

function summarise({ models, correct }: Verification) {
  const figures = ({ images, maxDifference, agreement }: Agreement) => ({
    images,
    maxDifference,
    agreement,
  });
  const share = (count: number, images: number) => (images === 0 ? null : count / images);
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
