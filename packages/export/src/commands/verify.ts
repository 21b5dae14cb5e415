import {
  csvOption,
  defineCommand,
  findRun,
  formatPercent,
  type Progress,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import { requireAgreement, type Agreement } from "../compare.ts";
import { exportedModel, modelFlag, readFinishedRun, runPaths } from "../run-export.ts";
import { verifyModel, type Verification } from "../verify-model.ts";

export const verify = defineCommand({
  name: "verify",
  summary: "shows that an exported model answers as the trained one does",
  details:
    "Runs the trained model in tfjs and the exported one in onnxruntime on the run's reference images " +
    "and on every validation image (PublicTest). Fails, naming the rows of the CSV, if a probability " +
    "differs by more than 1e-5 or an answer is another.",
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
      description: "the exported model; default: artifacts/models/<run>.onnx",
    },
    csv: {
      ...csvOption,
      description: "data set, .csv or .csv.gz; default: the one that the run was trained on",
    },
  },
  async run({ model: modelOption, csv }, { terminal, signal, positionals }) {
    const paths = runPaths(await findRun(positionals[0]));
    const config = await readFinishedRun(paths);
    const model = exportedModel(paths, modelOption);
    terminal.say(`run ${paths.run}, model ${model}`);
    const bars = new Map<string, Progress>();
    const verification = await verifyModel(paths, config, {
      model,
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
    requireAll(verification, model);
    terminal.next(
      `npx nx run export:benchmark ${shellQuote(paths.argument)}${modelFlag(paths, model)}`,
      "shows how much faster it is",
    );
    return { run: paths.run, model, ...summarise(verification) };
  },
});

function show(terminal: Terminal, verification: Verification): void {
  const { opened, reference, validation, correct } = verification;
  const row = (name: string, { images, maxDifference, agreement }: Agreement) => [
    name,
    images,
    maxDifference.toExponential(1),
    formatPercent(agreement),
  ];
  terminal.table(
    ["comparison", "images", "largest difference", "same answer"],
    [
      row("tfjs with the end of training", opened),
      row("onnxruntime with tfjs, reference", reference),
      row("onnxruntime with tfjs, validation", validation),
    ],
  );
  const { images } = validation;
  if (images === 0) {
    terminal.warn("the data set has no PublicTest row, so that there is no validation part");
    return;
  }
  const accuracy = (right: number) => formatPercent(right / images);
  terminal.say("");
  terminal.table(
    ["engine", "right", "accuracy"],
    [
      ["tfjs", correct.tfjs, accuracy(correct.tfjs)],
      ["onnxruntime", correct.onnx, accuracy(correct.onnx)],
    ],
  );
}

function requireAll(verification: Verification, model: string): void {
  const { opened, reference, validation, rows } = verification;
  requireAgreement(opened, "tfjs opens another model than the one that was trained");
  requireAgreement(reference, `tfjs and ${model} part on the reference images`);
  const rowOf = (image: number) => `row ${rows[image] ?? "?"} of the CSV`;
  requireAgreement(validation, `tfjs and ${model} part on the validation images`, rowOf);
}

function summarise({ reference, validation, correct }: Verification) {
  const { images } = validation;
  const figures = ({ images, maxDifference, agreement }: Agreement) => ({
    images,
    maxDifference,
    agreement,
  });
  const share = (right: number) => (images === 0 ? null : right / images);
  return {
    maxDifference: Math.max(reference.maxDifference, validation.maxDifference),
    agreement: Math.min(reference.agreement, validation.agreement),
    reference: figures(reference),
    validation: {
      ...figures(validation),
      correct,
      accuracy: { tfjs: share(correct.tfjs), onnx: share(correct.onnx) },
    },
  };
}
