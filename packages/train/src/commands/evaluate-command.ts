import { existsSync } from "node:fs";
import { csvOption, defineCommand, findRun, readRunConfig, shellQuote } from "@mien/cli";
import {
  describeSplit,
  ferplusOption,
  findVotes,
  loadWithProgress,
  MOST_IN_MEMORY,
} from "@mien/data";
import { MienError } from "@mien/format";
import { TEST_SET_ACCESS_FILE, readTestSetAccesses } from "../run/test-set-access.ts";
import { hasOfficialSplit } from "../run/training-settings.ts";
import { printMetrics } from "../report/print-metrics.ts";

export const evaluateCommand = defineCommand({
  name: "evaluate",
  summary: "Evaluate a trained model: accuracy, F1, recall and calibration",
  details:
    "Evaluates the model on the validation split of the data set that it was trained on (PublicTest, unless train:fit had --split): plain, with calibrated probabilities, averaged over mirrored and cropped images, and without images that have an exact copy in the training split. " +
    "Repeats all of this by the FER+ votes if they are found. " +
    "Top-2 is the share of images whose label is among the two most probable classes.\n" +
    "With --final, also evaluates on the test split (PrivateTest). Do so once, after the last decision that its result could influence. " +
    `Each test-set access is recorded in ${TEST_SET_ACCESS_FILE} of the run.\n` +
    "Writes metrics.json, calibration.json, the predictions, confusion matrices, ROC and precision-recall curves, and report.html into the folder of the run.",
  examples: [
    "npx nx run train:evaluate",
    "npx nx run train:evaluate artifacts/runs/fer2013 --final",
  ],
  positional: {
    name: "RUN",
    description: "Run to evaluate: its name or folder",
    defaultText: "the newest finished run in artifacts/runs",
  },
  options: {
    csv: {
      ...csvOption,
      defaultText: "the file that the run was trained on",
    },
    ferplus: ferplusOption,
    final: {
      type: "boolean",
      description: "Also evaluate on the test split, and record this test-set access",
    },
  },
  async run(values, { terminal, signal, positionals }) {
    if (values.final && positionals[0] === undefined) {
      throw new MienError(
        "usage",
        "--final needs the name of the run, because a test-set access cannot be undone",
      );
    }
    const folder = await findRun(positionals[0]);
    const config = await readRunConfig(folder);
    const { classes, data: trainingData, votes: trainingVotes } = config;
    terminal.say(`run   ${folder}`);
    if (!hasOfficialSplit(config)) terminal.say(`split ${describeSplit(config)}`);
    const earlier = await readTestSetAccesses(folder);
    if (values.final && earlier.length > 0) {
      terminal.warn(
        `WARNING: THIS RUN WAS EVALUATED ON THE TEST SPLIT BEFORE: ${earlier.map(({ time }) => time).join(", ")}.\n` +
          "If anything was chosen since, the new figures are not an independent test.",
      );
    }
    const found = (file?: string) => (file !== undefined && existsSync(file) ? file : undefined);
    const csv = values.csv ?? found(trainingData.path);
    const ferplus = values.ferplus ?? found(trainingVotes?.path);
    const skipBadRows = (trainingData.skippedRows ?? 0) > 0;
    const data = await loadWithProgress(
      { csv, skipBadRows, signal, mostInMemory: MOST_IN_MEMORY },
      terminal,
    );
    const votes = await findVotes({ ferplus, csv: data.path, set: data.set, signal });
    const { evaluateRun } = await import("../evaluate.ts");
    let bar: { split: string; progress: ReturnType<typeof terminal.progress> } | undefined;
    const { metrics, calibration, written } = await evaluateRun(folder, data, {
      final: values.final,
      votes,
      signal,
      onProgress: (split, done, total) => {
        if (bar?.split !== split) {
          bar?.progress.stop();
          bar = { split, progress: terminal.progress(`${split}, ten views`, total) };
        }
        bar.progress.update(done);
      },
    }).finally(() => bar?.progress.stop());
    printMetrics(terminal, metrics.validation, { split: "validation", classes });
    if (values.final && metrics.test) {
      printMetrics(terminal, metrics.test, { split: "test", classes });
      terminal.warn(
        `This was the ${ordinal(earlier.length + 1)} test-set access of this run; ${TEST_SET_ACCESS_FILE} in its folder lists all of them.`,
      );
    }
    for (const file of written) terminal.wrote(file);
    terminal.next(
      `npx nx run export:onnx ${shellQuote(folder)}`,
      "turn the model into one ONNX file",
    );
    const part = values.final ? "test" : "validation";
    const openings = await readTestSetAccesses(folder);
    return { run: folder, part, metrics: metrics[part], all: metrics, calibration, openings };
  },
});

function ordinal(n: number): string {
  return ["first", "second", "third"][n - 1] ?? `${n}th`;
}
