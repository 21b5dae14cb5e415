import { existsSync } from "node:fs";
import { csvOption, defineCommand, findRun, readRunConfig, shellQuote } from "@mien/cli";
import { ferplusOption, findVotes, loadWithProgress } from "@mien/data";
import { MienError } from "@mien/format";
import { OPENINGS_FILE, readOpenings } from "../run/test-set-access.ts";
import { reportMetrics } from "../report/printed-report.ts";

export const evaluateCommand = defineCommand({
  name: "evaluate",
  summary: "Evaluate a trained model: accuracy, F1, recall and calibration",
  details:
    "Evaluates the model on the validation part (PublicTest) of the data set that it was trained on: plain, with calibrated probabilities, averaged over mirrored and cropped images, and without images that have an exact copy in the training part. " +
    "Repeats all of this for the FER+ votes if they are found.\n" +
    "With --final, also evaluates on the test part (PrivateTest). Do so once, after the last decision that its result could influence. " +
    `Each use of the test part is recorded in ${OPENINGS_FILE} of the run.\n` +
    "Writes metrics.json, calibration.json, the predictions, confusion matrices and report.html into the folder of the run.",
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
      description: "Also evaluate on the test part, and record that it was used",
    },
  },
  async run(values, { terminal, signal, positionals }) {
    if (values.final && positionals[0] === undefined) {
      throw new MienError("usage", "--final needs the name of the run: it cannot be taken back");
    }
    const folder = await findRun(positionals[0]);
    const { classes, data: trainedOn, votes: learntVotes } = await readRunConfig(folder);
    terminal.say(`run   ${folder}`);
    const earlier = await readOpenings(folder);
    if (values.final && earlier.length > 0) {
      terminal.warn(
        `WARNING: THE TEST PART OF THIS RUN WAS OPENED BEFORE: ${earlier.map(({ time }) => time).join(", ")}.\n` +
          "A figure that was seen before something was chosen is no test any more.",
      );
    }
    const found = (file?: string) => (file !== undefined && existsSync(file) ? file : undefined);
    const csv = values.csv ?? found(trainedOn.path);
    const ferplus = values.ferplus ?? found(learntVotes?.path);
    const skipBadRows = (trainedOn.skippedRows ?? 0) > 0;
    const data = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
    const votes = await findVotes({ ferplus, csv: data.path, set: data.set, signal });
    const { evaluateRun } = await import("../evaluate.ts");
    let bar: { part: string; progress: ReturnType<typeof terminal.progress> } | undefined;
    const { metrics, calibration, written } = await evaluateRun(folder, data, {
      final: values.final,
      votes,
      signal,
      onProgress: (part, images, total) => {
        if (bar?.part !== part) {
          bar?.progress.stop();
          bar = { part, progress: terminal.progress(`${part}, ten views`, total) };
        }
        bar.progress.update(images);
      },
    }).finally(() => bar?.progress.stop());
    reportMetrics(terminal, metrics.validation, { part: "validation", classes });
    if (values.final && metrics.test) {
      reportMetrics(terminal, metrics.test, { part: "test", classes });
      terminal.warn(
        `The test part was opened, for the ${ordinal(earlier.length + 1)} time; ${OPENINGS_FILE} in the run folder says when.`,
      );
    }
    for (const file of written) terminal.wrote(file);
    terminal.next(
      `npx nx run export:onnx ${shellQuote(folder)}`,
      "turn the model into one ONNX file",
    );
    const part = values.final ? "test" : "validation";
    const openings = await readOpenings(folder);
    return { run: folder, part, metrics: metrics[part], all: metrics, calibration, openings };
  },
});

function ordinal(n: number): string {
  return ["first", "second", "third"][n - 1] ?? `${n}th`;
}
