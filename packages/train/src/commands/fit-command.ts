import path from "node:path";
import {
  csvOption,
  defineCommand,
  FOLDERS,
  outOption,
  shellQuote,
  type Terminal,
  writeJson,
} from "@mien/cli";
import {
  CLASSES_DETAILS,
  classesOption,
  correctionsOption,
  skipBadRowsOption,
  SPLIT_DETAILS,
  splitOptions,
  voteColumns,
} from "@mien/data";
import { checkFolderName, MienError, RUN_FILES, toFolderName, type RunConfig } from "@mien/format";
import { configOptions } from "../config.ts";
import { architecture } from "../network/architecture.ts";
import { printMetrics } from "../report/print-metrics.ts";
import { isChosenByCriterion, readHistory } from "../run/history.ts";
import { claimRunFolder, removeTemporaryFiles } from "../run/run-folder.ts";
import { inputsKey, inputsOf } from "../run/run-inputs.ts";
import { readRunMetrics } from "../run/run-metrics.ts";
import { readStartWeights } from "../run/start-weights.ts";
import { takeWeights } from "../run/taken-weights.ts";
import { tensorBoardLog } from "../run/tensorboard.ts";
import { describeImages, epochDisplay } from "./fit-display.ts";
import { loadFitImages } from "./fit-images.ts";
import { readFitRequest } from "./fit-request.ts";
import { trainingOptions } from "./training-options.ts";

export const fitCommand = defineCommand({
  name: "fit",
  summary: "Train the network on a data set, or resume an interrupted training",
  details:
    "Trains a network of four convolutions and two dense layers on the training split (Training) of a data set. " +
    "The validation split (PublicTest) selects the best epoch; the test split (PrivateTest) is not used. " +
    `${SPLIT_DETAILS}\n${CLASSES_DETAILS}\n` +
    "With --corrections FILE, images of the training split get the right labels or are left out. Validation and test labels stay as published, so that the figures of all runs can be compared.\n" +
    "Writes the folder of the run: config.json, history.jsonl, checkpoint/, model/, metrics.json, reference.bin and plots.\n" +
    "The same command again resumes an interrupted run, and ends at once after a finished one.",
  examples: [
    "npx nx run train:fit",
    "npx nx run train:fit --epochs 8 --learning-rate 5e-4",
    "npx nx run train:fit --csv artifacts/data/synth.csv --config my-config.json",
    "npx nx run train:fit --split 70/20/10",
    "npx nx run train:fit --corrections corrections.csv",
    "npx nx run train:fit --split k-fold:5 --fold 2",
    'npx nx run train:fit --classes "Negative=Angry,Disgust,Fear,Sad;drop=Neutral"',
  ],
  options: {
    csv: csvOption,
    skipBadRows: skipBadRowsOption,
    ...splitOptions,
    classes: classesOption,
    corrections: {
      ...correctionsOption,
      description: `${correctionsOption.description}; only training images are corrected`,
    },
    config: trainingOptions.config,
    seed: {
      type: "integer",
      description: "Random seed of initial weights, order of images, augmentation and dropout",
      unit: null,
      group: "run",
      default: 1,
      min: 0,
      max: 2 ** 31 - 1,
    },
    ferplus: trainingOptions.ferplus,
    fresh: {
      type: "boolean",
      description: "Start a new run even if there is one to resume",
      group: "run",
    },
    ...configOptions(),
    teacher: {
      type: "string",
      placeholder: "FILE",
      description: "Teacher probabilities from train:teach; read only if --distillation is above 0",
      group: "targets",
    },
    start: {
      type: "string",
      placeholder: "RUN|MODEL",
      description:
        "Run or ONNX file whose weights are the initial weights; only --pooling may differ",
      defaultText: "random weights",
      group: "run",
    },
    weightsOf: {
      type: "string",
      placeholder: "RUN",
      description:
        "Run with two heads to take over, with its settings; --vote-share and --logit-adjustment may differ",
      group: "run",
    },
    out: {
      ...outOption("Folder of the run; -2, -3, … is added if another run is there"),
      defaultText: `${FOLDERS.runs}/<data set>`,
    },
    tensorboard: {
      type: "boolean",
      description: "Also write TensorBoard event files into the folder of the run",
      group: "output",
    },
  },
  async run(values, { terminal, signal }) {
    if (values.out !== undefined) checkFolderName(path.basename(path.resolve(values.out)), "--out");
    const request = await readFitRequest(values, { terminal, signal });
    const { requested, config } = request;
    const { data, classes } = requested;
    const base = values.out ?? path.join(FOLDERS.runs, toFolderName(data.name));
    const claimed = await claimRunFolder(base, requested, { fresh: values.fresh });
    const { folder, state } = claimed;
    const log = values.tensorboard ? tensorBoardLog(folder) : undefined;
    try {
      terminal.say(`data  ${data.path} (${data.name}, SHA-256 ${data.sha256.slice(0, 12)}…)`);
      if (claimed.config && claimed.config.code !== requested.code) {
        terminal.warn(
          `${folder} was ${state === "finished" ? "made" : "started"} by another version of the code; it is kept. --fresh starts a new run.`,
        );
      }
      if (state === "finished") {
        const metrics = await readRunMetrics(folder);
        for (const warning of request.warnings) terminal.warn(`warning: ${warning}`);
        terminal.say(`${folder} is finished and was made from the same data and settings.`);
        printMetrics(terminal, metrics.validation, { split: "validation", classes });
        log?.(await readHistory(folder));
        printNextStep(terminal, folder);
        return { run: folder, upToDate: true, metrics };
      }

      const images = await loadFitImages(request, {
        skipBadRows: values.skipBadRows,
        ferplus: values.ferplus,
        splitSha256: claimed.config?.splitSha256,
        terminal,
        signal,
      });
      const { set, sources } = images;
      const split = { ...images.split, train: images.train };
      // All code is loaded before the training, so that an edit during the training has no effect.
      const { checkSplit, fit } = await import("../fit.ts");
      const { finishRun } = await import("../finish.ts");
      const { tensorFlowVersion } = await import("../tensor/tf.ts");
      // Checked before anything is written, so that a training that cannot start leaves no files.
      checkSplit(split);
      architecture(config, requested.input, classes.length);
      if (sources.votes) voteColumns(sources.votes, classes);
      await removeTemporaryFiles(folder);
      const runConfig: RunConfig = claimed.config ?? {
        ...requested,
        name: path.basename(path.resolve(folder)),
        data: { ...data, skippedRows: images.skippedRows },
        ...(images.splitSha256 !== undefined && { splitSha256: images.splitSha256 }),
      };
      if (state === "new") {
        // The checkpoint comes first: without a configuration, the folder is not yet a run.
        const { weightsOf } = request;
        if (weightsOf !== undefined) await takeWeights(weightsOf, folder, runConfig);
        await writeJson(path.join(folder, RUN_FILES.config), runConfig);
      }
      const display = epochDisplay(terminal, config.epochs);
      const start = request.start === undefined ? undefined : await readStartWeights(request.start);
      const result = await fit({
        set,
        split,
        config,
        sources,
        start,
        seed: values.seed,
        folder,
        // The key is made from the stored configuration, because the checkpoint was written with
        // that key.
        inputs: inputsKey(inputsOf(runConfig)),
        signal,
        onStart: (used) => {
          terminal.say(`run   ${folder}: ${describeImages(used)}, TensorFlow ${tensorFlowVersion}`);
          for (const line of images.description) terminal.say(line);
          if (start && String(start.classes) !== String(set.classes)) {
            terminal.say(
              `start ${request.start} has other classes, so the output layer starts from random weights`,
            );
          }
          if (state === "unfinished") {
            terminal.say(`resuming after epoch ${used.epochs} of ${config.epochs}`);
          }
        },
        onProgress: display.progress,
        onEpoch: (record, history) => {
          display.finished(record);
          log?.(history);
        },
      })
        .catch((error: unknown) => {
          throw values.fresh ? withResumeAdvice(error, folder) : error;
        })
        .finally(() => display.stop());
      log?.(result.history);
      const { metrics, written } = await finishRun(result, {
        set,
        // Whether an image has a copy in the training split does not depend on the corrections.
        split: images.split,
        config,
        folder,
        votes: sources.votes ?? (await images.evaluationVotes()),
        csv: data.path,
        warn: (problem) => terminal.warn(`warning: ${problem}`),
      });
      const criterion = isChosenByCriterion(result.history)
        ? " by the mean of the accuracies by labels and by votes"
        : "";
      terminal.say(
        `the model has the weights of epoch ${result.bestEpoch}, the best on validation${criterion}`,
      );
      printMetrics(terminal, metrics.validation, { split: "validation", classes });
      for (const file of written) terminal.wrote(file);
      printNextStep(terminal, folder);
      const { history, bestEpoch } = result;
      return { run: folder, upToDate: false, bestEpoch, history, metrics };
    } finally {
      await claimed.release();
    }
  },
});

/** Replaces the advice after an interruption with --fresh: the same command would start a new run. */
function withResumeAdvice(error: unknown, folder: string): unknown {
  if (!(error instanceof MienError) || error.code !== "interrupted") return error;
  return new MienError("interrupted", error.message, {
    advice: `To resume, repeat the command without --fresh and with --out ${shellQuote(folder)}.`,
  });
}

function printNextStep(terminal: Terminal, folder: string): void {
  terminal.next(
    `npx nx run export:onnx ${shellQuote(folder)}`,
    "turn the model into one ONNX file",
  );
}
