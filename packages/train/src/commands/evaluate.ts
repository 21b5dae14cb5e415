import { existsSync } from "node:fs";
import { csvOption, defineCommand, findRun, readRunConfig, shellQuote } from "@mien/cli";
import { loadWithProgress } from "@mien/data";
import { OPENINGS_FILE } from "../openings.ts";
import { reportMetrics } from "../report.ts";

export const evaluateCommand = defineCommand({
  name: "evaluate",
  summary: "measure a trained model: accuracy with interval, macro-F1, recall, confusion matrix",
  details:
    "Measures on the validation part (PublicTest) of the data that the run was trained on. With\n" +
    "--final on the test part (PrivateTest): do that once, when nothing will be chosen by it any\n" +
    `more; each time is written down in the run's ${OPENINGS_FILE}.\n` +
    "Writes metrics.json and a confusion matrix into the run folder.",
  examples: [
    "npx nx run train:evaluate",
    "npx nx run train:evaluate artifacts/runs/fer2013 --final",
  ],
  positional: { name: "RUN", description: "run folder, or its name; by default the newest" },
  options: {
    csv: {
      ...csvOption,
      description: "data set, .csv or .csv.gz; by default where it was when the run was trained",
    },
    final: { type: "boolean", description: "open the test part, and write down that it was" },
  },
  async run(values, { terminal, signal, positionals }) {
    const folder = await findRun(positionals[0]);
    const { classes, data: trainedOn } = await readRunConfig(folder);
    terminal.say(`run   ${folder}`);
    const csv = values.csv ?? (existsSync(trainedOn.path) ? trainedOn.path : undefined);
    const skipBadRows = (trainedOn.skippedRows ?? 0) > 0;
    const data = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
    const { evaluateRun } = await import("../evaluate.ts");
    const part = values.final ? "test" : "validation";
    let bar: ReturnType<typeof terminal.progress> | undefined;
    const { metrics, written } = await evaluateRun(folder, data, {
      part,
      onProgress: (images, total) => {
        bar ??= terminal.progress("predicting", total);
        bar.update(images);
      },
    }).finally(() => bar?.stop());
    reportMetrics(terminal, metrics, { part, classes });
    if (values.final) {
      terminal.warn(`The test part was opened; ${OPENINGS_FILE} in the run folder says when.`);
    }
    for (const file of written) terminal.wrote(file);
    terminal.next(
      `npx nx run export:onnx ${shellQuote(folder)}`,
      "turn the model into one ONNX file",
    );
    return { run: folder, part, metrics };
  },
});
