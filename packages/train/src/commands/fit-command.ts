import path from "node:path";
import {
  csvOption,
  defineCommand,
  FOLDERS,
  formatPercent,
  formatSeconds,
  outOption,
  shellQuote,
  type Terminal,
  writeJson,
} from "@mien/cli";
import {
  ferplusOption,
  identifyDataset,
  identifyVotes,
  loadVotes,
  loadWithProgress,
  parseSplit,
  resolveSplit,
  skipBadRowsOption,
  splitSizes,
  voteColumns,
} from "@mien/data";
import {
  checkFolderName,
  MienError,
  RUN_FILES,
  toFolderName,
  type EpochRecord,
  type RunConfig,
  type SplitChoice,
} from "@mien/format";
import { architecture } from "../network/architecture.ts";
import { configFromFlags, configOptions } from "../config.ts";
import type { FitProgress, UsedImages } from "../fit.ts";
import { isChosenByCriterion, readHistory } from "../run/history.ts";
import { count } from "../report/numbers.ts";
import { printMetrics } from "../report/print-metrics.ts";
import { claimRunFolder, removeTemporaryFiles } from "../run/run-folder.ts";
import { inputsKey, inputsOf, trainingCode, type RequestedRun } from "../run/run-inputs.ts";
import { readRunMetrics } from "../run/run-metrics.ts";
import { tensorBoardLog } from "../run/tensorboard.ts";
import { identifyTeacher, readTeacher } from "../batch/teacher.ts";

export const fitCommand = defineCommand({
  name: "fit",
  summary: "Train the network on a data set, or resume an interrupted training",
  details:
    "Trains a network of four convolutions and two dense layers on the training split (Training) of a data set. " +
    "The validation split (PublicTest) selects the best epoch; the test split (PrivateTest) is not used. " +
    "With --split 70/20/10, the test split stays the same, and the rows of Training and PublicTest are divided anew, stratified by class; copies of one image are not divided.\n" +
    "Writes the folder of the run: config.json, history.jsonl, checkpoint/, model/, metrics.json, reference.bin and plots.\n" +
    "The same command again resumes an interrupted run, and ends at once after a finished one.",
  examples: [
    "npx nx run train:fit",
    "npx nx run train:fit --epochs 8 --learning-rate 5e-4",
    "npx nx run train:fit --csv artifacts/data/synth.csv --config my-config.json",
    "npx nx run train:fit --split 70/20/10",
  ],
  options: {
    csv: csvOption,
    skipBadRows: skipBadRowsOption,
    split: {
      type: "string",
      placeholder: "official|A/B/C",
      description:
        "Splits: official (by Usage), or percentages of training, validation and test, such as 70/20/10",
      group: "data",
      default: "official",
    },
    splitSeed: {
      type: "integer",
      description: "Random seed of the division into training and validation by --split A/B/C",
      unit: null,
      group: "data",
      defaultText: "1",
      min: 0,
      max: 2 ** 31 - 1,
    },
    config: {
      type: "string",
      placeholder: "FILE",
      description: "JSON file of hyperparameters; flags override its values",
      group: "run",
    },
    seed: {
      type: "integer",
      description: "Random seed of initial weights, order of images, augmentation and dropout",
      unit: null,
      group: "run",
      default: 1,
      min: 0,
      max: 2 ** 31 - 1,
    },
    ferplus: {
      ...ferplusOption,
      description: `${ferplusOption.description}; read only if --vote-share is above 0`,
    },
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
    const config = await configFromFlags(values, values.config);
    const { voteShare, distillation } = config;
    const choice = splitChoice(values.split, values.splitSeed);
    if (distillation > 0 && values.teacher === undefined) {
      throw new MienError("usage", "--distillation needs a teacher's probabilities", {
        advice: "Add --teacher FILE; `npx nx run train:teach` makes one.",
      });
    }
    if (distillation > 0 && choice.split !== "official") {
      throw new MienError("usage", "--distillation needs the official split, not --split A/B/C", {
        advice: "A teacher has probabilities only for the rows whose Usage is Training.",
      });
    }
    if (choice.split === "official" && values.splitSeed !== undefined) {
      terminal.warn("warning: --split-seed is not read, as --split is official");
    }
    if (distillation === 0 && values.teacher !== undefined) {
      terminal.warn("warning: --teacher is not read, as --distillation is 0");
    }
    if (voteShare === 0 && values.ferplus !== undefined) {
      terminal.warn("warning: --ferplus is not read, as --vote-share is 0");
    }
    const identity = await identifyDataset({ csv: values.csv, signal });
    const { manifest, sha256 } = identity;
    const { name, licence, classes } = manifest;
    const { height, width, channels } = manifest.image;
    const input = { height, width, channels };
    const votes =
      voteShare > 0 ? await identifyVotes({ ...values, csv: identity.path, signal }) : undefined;
    const teacher = distillation > 0 ? await identifyTeacher(values.teacher!) : undefined;
    const requested: RequestedRun = {
      data: { name, sha256, path: identity.path, licence },
      ...(votes && { votes }),
      ...(teacher && { teacher }),
      classes,
      input,
      ...choice,
      seed: values.seed,
      hyperparameters: config,
      code: await trainingCode(),
    };
    const base = values.out ?? path.join(FOLDERS.runs, toFolderName(name));
    const claimed = await claimRunFolder(base, requested, { fresh: values.fresh });
    const { folder, state } = claimed;
    const log = values.tensorboard ? tensorBoardLog(folder) : undefined;
    try {
      terminal.say(`data  ${identity.path} (${name}, SHA-256 ${sha256.slice(0, 12)}…)`);
      if (claimed.config && claimed.config.code !== requested.code) {
        terminal.warn(
          `${folder} was ${state === "finished" ? "made" : "started"} by another version of the code; it is kept. --fresh starts a new run.`,
        );
      }
      if (state === "finished") {
        const metrics = await readRunMetrics(folder);
        for (const warning of identity.warnings) terminal.warn(`warning: ${warning}`);
        terminal.say(`${folder} is finished and was made from the same data and settings.`);
        printMetrics(terminal, metrics.validation, { split: "validation", classes });
        log?.(await readHistory(folder));
        printNextStep(terminal, folder);
        return { run: folder, upToDate: true, metrics };
      }

      const { csv, skipBadRows } = values;
      const { set, skipped } = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
      const split = resolveSplit(set, choice);
      const sources = {
        votes: votes && (await loadVotes({ ...values, csv: identity.path, set, signal })),
        teacher: teacher && (await readTeacher(teacher.path, { set, data: sha256 })),
      };
      // All code is loaded before the training, so that an edit during the training has no effect.
      const { checkSplit, fit } = await import("../fit.ts");
      const { finishRun } = await import("../finish.ts");
      const { tensorFlowVersion } = await import("../tensor/tf.ts");
      // Checked before anything is written, so that a training that cannot start leaves no files.
      checkSplit(split);
      architecture(config, input, classes.length);
      if (sources.votes) voteColumns(sources.votes, classes);
      await removeTemporaryFiles(folder);
      const runConfig: RunConfig = claimed.config ?? {
        ...requested,
        name: path.basename(path.resolve(folder)),
        data: { ...requested.data, skippedRows: skipped.length },
      };
      if (state === "new") await writeJson(path.join(folder, RUN_FILES.config), runConfig);
      const display = epochDisplay(terminal, config.epochs);
      const result = await fit({
        set,
        split,
        config,
        sources,
        seed: values.seed,
        folder,
        // The key is made from the stored configuration, because the checkpoint was written with
        // that key.
        inputs: inputsKey(inputsOf(runConfig)),
        signal,
        onStart: (used) => {
          terminal.say(`run   ${folder}: ${describeImages(used)}, TensorFlow ${tensorFlowVersion}`);
          for (const line of splitSizes(set, split, choice)) terminal.say(line);
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
        split,
        config,
        folder,
        votes: sources.votes,
        csv: identity.path,
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

/** The splits that the flags choose. */
function splitChoice(name: string, splitSeed = 1): SplitChoice {
  const split = parseSplit(name);
  return split === "official" ? { split } : { split, splitSeed };
}

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

/**
 * The numbers of images that a training uses: `5,696 of 28,709 training and 3,589 validation
 * images`.
 */
function describeImages({ train, validation }: UsedImages): string {
  const of = ({ used, all }: UsedImages["train"]) =>
    used === all ? count(all) : `${count(used)} of ${count(all)}`;
  return `${of(train)} training and ${of(validation)} validation images`;
}

/** `by labels 62.10 %, by votes 73.50 %, criterion 67.80 %  `, or nothing without a criterion. */
function describeCriterion(record: EpochRecord): string {
  const figures = [
    ["by labels", record.validationAccuracyByLabels],
    ["by votes", record.validationAccuracyByVotes],
    ["criterion", record.criterion],
  ] as const;
  const known = figures.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${formatPercent(value)}`],
  );
  return known.length === 0 ? "" : `${known.join(", ")}  `;
}

/** Shows a progress bar for the present epoch, and a line for each finished one. */
function epochDisplay(terminal: Terminal, epochs: number) {
  let bar: ReturnType<Terminal["progress"]> | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    progress: ({ epoch, images, total, imagesPerSecond, secondsLeft, loss }: FitProgress) => {
      bar ??= terminal.progress(`epoch ${epoch}/${epochs}`, total);
      const speed = `${imagesPerSecond.toFixed(0)} images/s`;
      const left = `${formatSeconds(secondsLeft)} for all epochs`;
      bar.update(images, `${speed}, loss ${loss.toFixed(4)}, ${left}`);
    },
    finished: (record: EpochRecord) => {
      stop();
      const width = String(epochs).length;
      terminal.say(
        `epoch ${String(record.epoch).padStart(width)}/${epochs}  ` +
          `train ${record.trainLoss.toFixed(4)} ${formatPercent(record.trainAccuracy)}  ` +
          `validation ${record.validationLoss.toFixed(4)} ${formatPercent(record.validationAccuracy)}  ` +
          describeCriterion(record) +
          `${record.imagesPerSecond.toFixed(0)} images/s, ${formatSeconds(record.seconds)}`,
      );
    },
  };
}
