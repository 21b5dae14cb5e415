import path from "node:path";
import {
  csvOption,
  defineCommand,
  findRun,
  FOLDERS,
  formatPercent,
  formatSeconds,
  outOption,
  shellQuote,
  type Terminal,
  writeJson,
} from "@mien/cli";
import {
  correctImages,
  correctionsOption,
  describeCorrections,
  ferplusOption,
  identifyDataset,
  identifyVotes,
  loadVotes,
  loadWithProgress,
  MOST_IN_MEMORY,
  readCorrections,
  applyClasses,
  CLASSES_DETAILS,
  chooseSplit,
  classesOption,
  countSplitLeaks,
  describeClasses,
  describeLeaks,
  findPictures,
  findVotes,
  hashSplit,
  resolveSplit,
  skipBadRowsOption,
  SPLIT_DETAILS,
  splitOptions,
  splitSizes,
  voteColumns,
} from "@mien/data";
import {
  checkFolderName,
  itemAt,
  mergeClasses,
  MienError,
  officialSplit,
  RUN_FILES,
  toFolderName,
  type EpochRecord,
  type RunConfig,
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
import { identifyStart, readStartWeights } from "../run/start-weights.ts";
import { takeWeights } from "../run/taken-weights.ts";
import { tensorBoardLog } from "../run/tensorboard.ts";
import { identifyTeacher, mapTeacher, readTeacher } from "../batch/teacher.ts";

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
      description: `${ferplusOption.description}; read only if --vote-share or --vote-head is above 0`,
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
    start: {
      type: "string",
      placeholder: "RUN",
      description:
        "Finished run whose weights are the initial weights, also of other data; its network must be the same",
      defaultText: "random weights",
      group: "run",
    },
    weightsOf: {
      type: "string",
      placeholder: "RUN",
      description:
        "Run with two heads (--vote-head) whose training is taken over; only --vote-share may differ",
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
    const config = await configFromFlags(values, values.config);
    const { distillation } = config;
    const usesVotes = config.voteShare > 0 || config.voteHead > 0;
    const choice = chooseSplit(values);
    if (distillation > 0 && values.teacher === undefined) {
      throw new MienError("usage", "--distillation needs a teacher's probabilities", {
        advice: "Add --teacher FILE; `npx nx run train:teach` makes one.",
      });
    }
    if (distillation > 0 && choice.split !== "official") {
      throw new MienError(
        "usage",
        `--distillation needs the official split, not --split ${choice.split}`,
        {
          advice: "A teacher has probabilities only for the rows whose Usage is Training.",
        },
      );
    }
    if (choice.split === "official" && values.splitSeed !== undefined) {
      terminal.warn("warning: --split-seed is not read, as --split is official");
    }
    if (distillation === 0 && values.teacher !== undefined) {
      terminal.warn("warning: --teacher is not read, as --distillation is 0");
    }
    if (!usesVotes && values.ferplus !== undefined) {
      terminal.warn("warning: --ferplus is not read, as --vote-share and --vote-head are 0");
    }
    const source = values.weightsOf === undefined ? undefined : await findRun(values.weightsOf);
    const identity = await identifyDataset({ csv: values.csv, signal, terminal });
    const { manifest, sha256 } = identity;
    const { name, licence } = manifest;
    const merged = mergeClasses(values.classes, manifest.classes, { what: "--classes" });
    const { labels: classes, text: classGroups } = merged;
    const { height, width, channels } = manifest.image;
    const input = { height, width, channels };
    const votes = usesVotes
      ? await identifyVotes({ ...values, csv: identity.path, signal })
      : undefined;
    const corrections =
      values.corrections === undefined ? undefined : await readCorrections(values.corrections);
    const teacher = distillation > 0 ? await identifyTeacher(values.teacher!) : undefined;
    const start = values.start === undefined ? undefined : await findRun(values.start);
    const startFile = start === undefined ? undefined : await identifyStart(start);
    const requested: RequestedRun = {
      data: { name, sha256, path: identity.path, licence },
      ...(votes && { votes }),
      ...(corrections && {
        corrections: { path: corrections.path, sha256: corrections.sha256 },
      }),
      ...(teacher && { teacher }),
      ...(startFile && { start: startFile }),
      classes,
      ...(classGroups !== "" && { classGroups }),
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

      const { skipBadRows } = values;
      const csv = identity.path;
      const loaded = await loadWithProgress(
        { csv, skipBadRows, signal, mostInMemory: MOST_IN_MEMORY },
        terminal,
      );
      const { set: whole, skipped } = loaded;
      const isOfficial = choice.split === "official";
      if (!isOfficial) terminal.say("searching copies and near-copies");
      const pictures = isOfficial ? undefined : await findPictures(whole);
      const chosen = { ...choice, splitSha256: claimed.config?.splitSha256 };
      const wholeSplit = await resolveSplit(whole, chosen, pictures);
      // Validation and test labels stay as published, so that the figures of runs can be compared.
      const corrected = corrections && correctImages(whole, corrections, wholeSplit.train);
      const images = applyClasses(corrected?.set ?? whole, wholeSplit, classGroups);
      const { set, split } = images;
      const droppedRows = new Set(
        corrected?.dropped.map((position) => itemAt(whole.row, position)),
      );
      const train = split.train.filter((position) => !droppedRows.has(itemAt(set.row, position)));
      const sources = {
        votes: votes && images.votes(await loadVotes({ ...values, csv, set: whole, signal })),
        teacher:
          teacher &&
          mapTeacher(await readTeacher(teacher.path, { set: whole, data: sha256 }), images),
      };
      // All code is loaded before the training, so that an edit during the training has no effect.
      const { checkSplit, fit } = await import("../fit.ts");
      const { finishRun } = await import("../finish.ts");
      const { tensorFlowVersion } = await import("../tensor/tf.ts");
      // Checked before anything is written, so that a training that cannot start leaves no files.
      checkSplit({ ...split, train });
      architecture(config, input, classes.length);
      if (sources.votes) voteColumns(sources.votes, classes);
      await removeTemporaryFiles(folder);
      const runConfig: RunConfig = claimed.config ?? {
        ...requested,
        name: path.basename(path.resolve(folder)),
        data: { ...requested.data, skippedRows: skipped.length },
        ...(!isOfficial && { splitSha256: hashSplit(wholeSplit) }),
      };
      if (state === "new") {
        // The checkpoint comes first: without a configuration, the folder is not yet a run.
        if (source !== undefined) await takeWeights(source, folder, runConfig);
        await writeJson(path.join(folder, RUN_FILES.config), runConfig);
      }
      const display = epochDisplay(terminal, config.epochs);
      const result = await fit({
        set,
        split: { ...split, train },
        config,
        sources,
        start: start === undefined ? undefined : await readStartWeights(start),
        seed: values.seed,
        folder,
        // The key is made from the stored configuration, because the checkpoint was written with
        // that key.
        inputs: inputsKey(inputsOf(runConfig)),
        signal,
        onStart: (used) => {
          terminal.say(`run   ${folder}: ${describeImages(used)}, TensorFlow ${tensorFlowVersion}`);
          for (const line of splitSizes(set, split, choice)) terminal.say(line);
          if (corrected) terminal.say(describeCorrections(corrected.counts));
          if (pictures) {
            const before = countSplitLeaks(whole, officialSplit(whole), pictures);
            terminal.say(describeLeaks(before, countSplitLeaks(whole, wholeSplit, pictures)));
          }
          for (const line of describeClasses(whole, merged)) terminal.say(line);
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
      // FER+ has no votes for merged classes, so finishRun would not find any.
      const evaluationVotes =
        classGroups === ""
          ? undefined
          : await findVotes({ csv, set: whole, signal }).catch(() => undefined);
      const { metrics, written } = await finishRun(result, {
        set,
        // Whether an image has a copy in the training split does not depend on the corrections.
        split,
        config,
        folder,
        votes: sources.votes ?? (evaluationVotes && images.votes(evaluationVotes)),
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
