import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import {
  csvOption,
  defineCommand,
  formatPercent,
  formatSeconds,
  outOption,
  shellQuote,
  type Terminal,
} from "@mien/cli";
import {
  findPictures,
  identifyDataset,
  identifyVotes,
  kFold,
  loadVotes,
  loadWithProgress,
  skipBadRowsOption,
  voteColumns,
} from "@mien/data";
import { itemAt, MienError, officialSplit, toFolderName, type ImageSet } from "@mien/format";
import { configFromFlags, configOptions } from "../config.ts";
import type { CrossvalAnswers } from "../crossval/cross-validate.ts";
import {
  CROSSVAL_FILES,
  crossvalKey,
  readCrossvalRecord,
  writeCrossval,
  type CrossvalInputs,
  type CrossvalRows,
  type FoldScore,
} from "../crossval/crossval-folder.ts";
import { trainingCode } from "../run/run-inputs.ts";
import { lockRun } from "../run/run-lock.ts";
import { trainingOptions } from "./training-options.ts";

/** Hyperparameters that need a teacher, whose models may have been trained on any fold. */
const { distillation: _, ...hyperparameters } = configOptions();

/** `train:crossval`: out-of-fold probabilities and features. */
export const crossvalCommand = defineCommand({
  name: "crossval",
  summary: "Cross-validate: let models predict images that they were not trained on",
  details:
    "Divides the training images into K folds, stratified by class, with copies and near-copies of an image in one fold. " +
    "Trains K models, each on all folds but one, and lets it predict that fold, as the mean of ten views. " +
    "So every image has probabilities of a model that has not seen it, as data:audit and train:teach need them. " +
    "The last epoch is kept: no image of a fold influences the model that predicts it.\n" +
    "The images of the validation split are predicted by the mean of all models; those of the test split are left out. With --rows all, all images are divided.\n" +
    `Writes ${CROSSVAL_FILES.probabilities} (row, split, fold, label, one column per class), ${CROSSVAL_FILES.features} (NumPy, the input of the last dense layer, in the same order) and ${CROSSVAL_FILES.record}. ` +
    "The same command again resumes after the last whole epoch, and ends at once after a finished one.",
  examples: [
    "npx nx run train:crossval",
    "npx nx run train:crossval --folds 10 --epochs 12 --out artifacts/crossval/ten",
    "npx nx run train:crossval --csv artifacts/data/synth.csv --rows all",
  ],
  options: {
    csv: csvOption,
    skipBadRows: skipBadRowsOption,
    rows: {
      type: "string",
      choices: ["training", "all"],
      description: "Images that are divided into folds: the training split, or all images",
      group: "data",
      default: "training",
    },
    folds: {
      type: "integer",
      unit: "folds",
      description: "Number of folds, which is the number of models",
      group: "data",
      default: 5,
      min: 2,
      max: 100,
    },
    splitSeed: {
      type: "integer",
      unit: null,
      description: "Random seed of the division into folds",
      group: "data",
      default: 1,
      min: 0,
      max: 2 ** 31 - 1,
    },
    config: trainingOptions.config,
    seed: {
      type: "integer",
      unit: null,
      description: "Random seed of the first model; each further model has the next one",
      group: "run",
      default: 1,
      min: 0,
      max: 2 ** 31 - 1,
    },
    fresh: {
      type: "boolean",
      description: "Delete what an earlier cross-validation has left in the folder, and start anew",
      group: "run",
    },
    ferplus: trainingOptions.ferplus,
    ...hyperparameters,
    out: { ...outOption("Folder of the results"), defaultText: "artifacts/crossval/<data set>" },
  },
  async run(values, { terminal, signal }) {
    const config = await configFromFlags(values, values.config);
    if (config.distillation > 0) {
      throw new MienError("usage", "train:crossval cannot learn from a teacher", {
        advice:
          "A teacher has learnt the labels of all folds. Remove `distillation` from the file of --config.",
      });
    }
    const identity = await identifyDataset({ csv: values.csv, signal, terminal });
    const { manifest, sha256 } = identity;
    const usesVotes = config.voteShare > 0 || config.voteHead > 0;
    const where = { ...values, csv: identity.path, signal };
    const votesFile = usesVotes ? await identifyVotes(where) : undefined;
    const inputs: CrossvalInputs = {
      data: { name: manifest.name, path: identity.path, sha256 },
      ...(votesFile && { votes: votesFile }),
      rows: values.rows,
      folds: values.folds,
      splitSeed: values.splitSeed,
      seed: values.seed,
      hyperparameters: { ...config },
      code: await trainingCode(),
    };
    const key = crossvalKey(inputs);
    const folder = values.out ?? path.join("artifacts/crossval", toFolderName(manifest.name));
    await mkdir(folder, { recursive: true });
    const unlock = await lockRun(folder);
    try {
      if (values.fresh === true) await removeResults(folder, values.folds);
      terminal.say(`data  ${identity.path} (${manifest.name}, SHA-256 ${sha256.slice(0, 12)}…)`);
      const finished = await readCrossvalRecord(folder);
      if (finished !== undefined) {
        if (crossvalKey(finished) !== key) {
          throw new MienError(
            "conflict",
            `${folder} holds a cross-validation of other data or settings`,
            { advice: "Name another folder with --out, or add --fresh to replace it." },
          );
        }
        terminal.say(`${folder} is finished and was made from the same data and settings.`);
        say(terminal, finished.scores);
        next(terminal, folder);
        return { folder, upToDate: true, scores: finished.scores };
      }
      const loaded = await loadWithProgress(
        { csv: identity.path, skipBadRows: values.skipBadRows, signal },
        terminal,
      );
      const { set } = loaded;
      const votes = votesFile && (await loadVotes({ ...where, set }));
      if (votes) voteColumns(votes, set.classes);
      const { rows, others } = rowsOf(set, inputs.rows);
      terminal.say("searching copies and near-copies, which stay in one fold");
      const { pictureOf } = await findPictures(set);
      const foldOf = kFold(set, { rows, folds: values.folds, seed: values.splitSeed, pictureOf });
      const { crossValidate } = await import("../crossval/cross-validate.ts");
      const display = foldDisplay(terminal, values.folds);
      const answers = await crossValidate({
        set,
        rows,
        foldOf,
        folds: values.folds,
        others,
        config,
        sources: { votes },
        seed: values.seed,
        folder,
        inputs: key,
        signal,
        ...display.calls,
      }).finally(() => display.stop());
      const scores = scoresOf(set, answers, values.folds);
      const written = await writeCrossval(folder, set, { inputs, answers, scores });
      say(terminal, scores);
      for (const file of written) terminal.wrote(file);
      next(terminal, folder);
      return { folder, upToDate: false, scores };
    } finally {
      await unlock();
    }
  },
});

/** The images that are divided into folds, and the other images that are predicted. */
function rowsOf(set: ImageSet, choice: CrossvalRows) {
  if (choice === "all")
    return { rows: Uint32Array.from(set.labels.keys()), others: new Uint32Array() };
  const { train, validation } = officialSplit(set);
  return { rows: train, others: validation };
}

async function removeResults(folder: string, folds: number): Promise<void> {
  // The record first: without it, the rest is an unfinished cross-validation.
  const names = [CROSSVAL_FILES.record, CROSSVAL_FILES.probabilities, CROSSVAL_FILES.features];
  const models = Array.from({ length: folds }, (_, i) => `fold-${i + 1}`);
  for (const name of [...names, ...models]) {
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

/** The share of images of each fold whose most probable class is their label. */
function scoresOf(set: ImageSet, answers: CrossvalAnswers, folds: number): FoldScore[] {
  const { positions, fold, probabilities } = answers;
  const classes = set.classes.length;
  const scores = Array.from({ length: folds }, (_, i) => ({ fold: i + 1, images: 0, correct: 0 }));
  positions.forEach((position, i) => {
    const score = scores[itemAt(fold, i) - 1];
    if (score === undefined) return;
    const row = probabilities.subarray(i * classes, (i + 1) * classes);
    score.images++;
    if (row.indexOf(Math.max(...row)) === set.labels[position]) score.correct++;
  });
  return scores.map(({ correct, ...score }) => ({ ...score, accuracy: correct / score.images }));
}

function say(terminal: Terminal, scores: readonly FoldScore[]): void {
  const images = scores.reduce((sum, score) => sum + score.images, 0);
  const mean = scores.reduce((sum, score) => sum + score.images * score.accuracy, 0) / images;
  terminal.table(
    ["fold", "images", "accuracy"],
    scores.map(({ fold, images, accuracy }) => [
      String(fold),
      images.toLocaleString("en"),
      formatPercent(accuracy),
    ]),
  );
  terminal.say(
    `out of fold, ${formatPercent(mean)} of ${images.toLocaleString("en")} images are predicted as labelled (ten views)`,
  );
}

function next(terminal: Terminal, folder: string): void {
  terminal.next(
    `npx nx run data:audit -- --probabilities ${shellQuote(folder)}`,
    "find images that are probably mislabelled",
  );
}

/** Shows a progress bar for the present epoch or prediction, and a line for each finished epoch. */
function foldDisplay(terminal: Terminal, folds: number) {
  let bar: ReturnType<Terminal["progress"]> | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  const calls: Pick<
    Parameters<(typeof import("../crossval/cross-validate.ts"))["crossValidate"]>[0],
    "onFold" | "onProgress" | "onEpoch" | "onPredict"
  > = {
    onFold: (fold) => {
      stop();
      terminal.say(`fold ${fold + 1} of ${folds}`);
    },
    onProgress: (fold, { epoch, images, total, imagesPerSecond, loss, secondsLeft }) => {
      bar ??= terminal.progress(`fold ${fold + 1}/${folds}, epoch ${epoch}`, total);
      const left = `${formatSeconds(secondsLeft)} for this fold`;
      bar.update(
        images,
        `${imagesPerSecond.toFixed(0)} images/s, loss ${loss.toFixed(4)}, ${left}`,
      );
    },
    onEpoch: (fold, { epoch, trainLoss, validationAccuracy, seconds }) => {
      stop();
      terminal.say(
        `fold ${fold + 1}, epoch ${epoch}  train ${trainLoss.toFixed(4)}  fold ${formatPercent(validationAccuracy)}  ${formatSeconds(seconds)}`,
      );
    },
    onPredict: (fold, done, total) => {
      bar ??= terminal.progress(`fold ${fold + 1}/${folds}, predicting`, total);
      bar.update(done);
      if (done === total) stop();
    },
  };
  return { calls, stop };
}
