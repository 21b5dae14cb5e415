import { statSync } from "node:fs";
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
import { requireAgreement, type Agreement } from "../compare.ts";
import { PRECISIONS } from "../precision.ts";
import { findModels, modelFlag, readFinishedRun, runPaths, type ModelFile } from "../run-export.ts";
import { verifyModel, type Verification } from "../verify-model.ts";

export const verify = defineCommand({
  name: "verify",
  summary: "shows that an exported model answers as the trained one does",
  details:
    "Runs the trained model in tfjs and the exported one in onnxruntime on the run's reference images " +
    "and on every validation image (PublicTest), at the temperature that the run was calibrated with. Fails, naming the rows of the CSV, if a probability " +
    "differs by more than 1e-5 or an answer is another; in 16 bits by more than 0.02, in 8 bits if more than 0.5 points of accuracy are lost.",
  examples: [
    "npx nx run export:verify",
    "npx nx run export:verify demo --csv artifacts/demo/synth.csv",
  ],
  positional: {
    name: "RUN",
    description: "name or folder of a run; default: the newest finished one",
  },
  options: {
    model: {
      type: "string",
      placeholder: "FILE",
      description:
        "the exported model; default: artifacts/models/<run>.onnx, .fp16.onnx and .int8.onnx, as far as they are there",
    },
    csv: {
      ...csvOption,
      description: "data set, .csv or .csv.gz; default: the one that the run was trained on",
    },
  },
  async run({ model: modelOption, csv }, { terminal, signal, positionals }) {
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
    requireAll(verification);
    terminal.next(
      `npx nx run export:benchmark ${shellQuote(paths.argument)}${modelFlag(paths, model)}`,
      "shows how much faster it is",
    );
    return { run: paths.run, model, ...summarise(verification) };
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

function requireAll({ opened, models, correct, rows }: Verification): void {
  requireAgreement(opened, "tfjs opens another model than the one that was trained");
  const rowOf = (image: number) => `row ${rows[image] ?? "?"} of the CSV`;
  for (const { file, precision, reference, validation, ...model } of models) {
    requireAgreement(reference, `tfjs and ${file} part on the reference images`);
    requireAgreement(validation, `tfjs and ${file} part on the validation images`, rowOf);
    const { accuracyLoss } = PRECISIONS[precision];
    const lost = (correct - model.correct) / Math.max(1, validation.images);
    if (lost <= accuracyLoss) continue;
    throw new MienError(
      "mismatch",
      `${file} answers ${model.correct} of ${validation.images} validation images rightly, tfjs ${correct}: ` +
        `at most ${formatPercent(accuracyLoss, 1)} may be lost, ${formatPercent(lost)} is`,
    );
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
