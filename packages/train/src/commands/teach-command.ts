import { existsSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  checkWritable,
  counted,
  csvOption,
  defineCommand,
  findRun,
  formatPercent,
  outOption,
  readRunConfig,
  shellQuote,
} from "@mien/cli";
import { describeSplit, loadWithProgress, type Dataset } from "@mien/data";
import { MienError, officialSplit, USAGES, type RunConfig, type SourceFile } from "@mien/format";
import { hasOfficialSplit, voteShareOf } from "../run/training-settings.ts";
import {
  isCrossval,
  readCrossvalProbabilities,
  readCrossvalRecord,
} from "../crossval/crossval-folder.ts";
import { readTeacher, writeTeacher, type TeacherProbabilities } from "../batch/teacher.ts";

/** Distinguishes the files of probabilities from the names of runs. */
const TEACHER_EXTENSION = ".bin";

export const teachCommand = defineCommand({
  name: "teach",
  summary: "Write the probabilities of trained models, for distillation into another model",
  details:
    "Averages the probabilities of one or more runs, over mirrored and cropped images of the training split, and writes them to one file, for example for `train:fit --teacher artifacts/teacher.bin --distillation 0.5`. " +
    "Images of the other splits are left out, so that their labels do not leak. The runs must have the official split. " +
    "Runs that learnt the FER+ votes (--vote-share 1) are averaged apart from the others; they teach the votes' share of the targets. " +
    "A folder of train:crossval teaches its out-of-fold probabilities: each is of a model that has not seen the image.",
  examples: [
    "npx nx run train:teach artifacts/runs/fer2013 artifacts/runs/fer2013-2 --out artifacts/teacher.bin",
  ],
  positional: {
    name: "RUN",
    description:
      "Runs to average, by name or folder, files of this command (.bin), folders of train:crossval",
    defaultText: "the newest finished run in artifacts/runs",
    list: true,
  },
  options: {
    csv: {
      ...csvOption,
      defaultText: "the file that the runs were trained on",
    },
    out: {
      ...outOption("File of the probabilities"),
      placeholder: "FILE",
      default: "artifacts/teacher.bin",
    },
  },
  async run({ csv: givenCsv, out }, { terminal, signal, positionals }) {
    const names = positionals.length > 0 ? positionals : [undefined];
    const files = positionals.filter((name) => path.extname(name) === TEACHER_EXTENSION);
    const validations = positionals.filter((name) => isCrossval(name));
    const folders = await Promise.all(
      names
        .filter((name) => name === undefined || ![...files, ...validations].includes(name))
        .map((name) => findRun(name)),
    );
    const records = await Promise.all(validations.map((folder) => readCrossvalRecord(folder)));
    const configs = await Promise.all(folders.map((folder) => readRunConfig(folder)));
    configs.forEach((config, i) => requireTeachable(folders[i]!, config));
    await checkWritable("--out", out);
    const madeFrom = [...configs, ...records].flatMap((made) => made?.data.path ?? []);
    const csv = givenCsv ?? madeFrom.find((file) => existsSync(file));
    const skipBadRows = configs.some(({ data }) => (data.skippedRows ?? 0) > 0);
    const loaded = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
    const { set, sha256 } = loaded;
    configs.forEach((config, i) => requireSameData(folders[i]!, config, loaded));
    const { train } = officialSplit(set);
    const { predictImages } = await import("../evaluate.ts");
    const { openTrainedModel } = await import("../network/trained-model.ts");
    const classes = set.classes.length;
    const sources: Record<keyof TeacherProbabilities, Float32Array[]> = {
      byLabels: [],
      byVotes: [],
    };
    for (const file of files) {
      const { byLabels, byVotes } = await readTeacher(file, { set, data: sha256 });
      if (byLabels) sources.byLabels.push(byLabels);
      if (byVotes) sources.byVotes.push(byVotes);
    }
    for (const [i, folder] of validations.entries()) {
      const { data, hyperparameters } = records[i]!;
      requireSameFile(folder, data, loaded);
      const probabilities = await readCrossvalProbabilities(folder, set);
      for (const [position, usage] of set.usage.entries()) {
        // Those of other splits would let their labels leak.
        if (USAGES[usage] === "Training") continue;
        probabilities.fill(0, position * classes, (position + 1) * classes);
      }
      sources[voteShareOf({ hyperparameters }) === 1 ? "byVotes" : "byLabels"].push(probabilities);
    }
    for (const [i, folder] of folders.entries()) {
      const model = await openTrainedModel(folder);
      const bar = terminal.progress(path.basename(folder), 10 * train.length);
      try {
        const images = { set, positions: train };
        const onProgress = (done: number) => bar.update(done);
        const options = { averaging: true, signal, onProgress };
        const { averaged = new Float32Array() } = await predictImages(model, images, options);
        const probabilities = new Float32Array(set.labels.length * classes);
        train.forEach((position, j) => {
          const row = averaged.subarray(j * classes, (j + 1) * classes);
          probabilities.set(row, position * classes);
        });
        sources[voteShareOf(configs[i]!) === 1 ? "byVotes" : "byLabels"].push(probabilities);
      } finally {
        bar.stop();
        model.dispose();
      }
    }
    const means = { byLabels: meanOf(sources.byLabels), byVotes: meanOf(sources.byVotes) };
    const made = [...folders, ...files, ...validations]
      .map((name) => path.basename(name))
      .join(", ");
    await writeTeacher(out, means, { set, data: sha256, made });
    const agreement: { byLabels?: number; byVotes?: number } = {};
    for (const by of ["byLabels", "byVotes"] as const) {
      const mean = means[by];
      if (mean === undefined) continue;
      const agreeing = train.filter((position) => {
        const row = mean.subarray(position * classes, (position + 1) * classes);
        return row.indexOf(Math.max(...row)) === set.labels[position];
      });
      agreement[by] = agreeing.length / train.length;
      const learnt = by === "byVotes" ? " of the votes" : "";
      const subject = counted(sources[by].length, "source", "sources") + learnt;
      terminal.say(
        `${subject}: ${formatPercent(agreement[by])} of the ${train.length} training labels agree`,
      );
    }
    terminal.wrote(out);
    terminal.next(
      `npx nx run train:fit --teacher ${shellQuote(out)} --distillation 0.5`,
      "train a model on these probabilities too",
    );
    return { file: out, runs: folders, agreement };
  },
});

/** The mean of arrays of the same length; undefined if there are none. */
function meanOf(arrays: readonly Float32Array[]): Float32Array | undefined {
  const [first, ...others] = arrays;
  if (first === undefined) return undefined;
  const sums = Float64Array.from(first);
  for (const array of others) array.forEach((value, i) => (sums[i]! += value));
  return Float32Array.from(sums, (sum) => sum / arrays.length);
}

/**
 * A teacher needs all classes of the data set, and the official split: with another split, its images
 * would include validation images of its student.
 */
function requireTeachable(folder: string, config: RunConfig): void {
  if (config.classGroups !== undefined) {
    throw new MienError(
      "unsupported",
      `${folder} has the classes ${config.classGroups}; a teacher needs all classes of the data set`,
      {
        advice:
          "Train the teacher without --classes. train:fit --classes merges the teacher's probabilities itself.",
      },
    );
  }
  if (hasOfficialSplit(config)) return;
  throw new MienError(
    "unsupported",
    `${folder} has the split ${describeSplit(config)}; a teacher needs the official split`,
    { advice: "Train the teacher without --split." },
  );
}

function requireSameFile(folder: string, data: SourceFile, found: Dataset): void {
  if (data.sha256 === found.sha256) return;
  throw new MienError("mismatch", `${folder} was trained on other data than ${found.path}`, {
    advice: `Give the data that all the runs were trained on: --csv ${shellQuote(data.path)}`,
  });
}

/** The probabilities of a run are valid only for the images, classes and size that it was trained on. */
function requireSameData(
  folder: string,
  { data, classes, input }: RunConfig,
  found: Dataset,
): void {
  requireSameFile(folder, data, found);
  const { height, width, channels } = found.set;
  const isSame = isDeepStrictEqual(
    { classes, ...input },
    { classes: found.set.classes, height, width, channels },
  );
  if (isSame) return;
  throw new MienError(
    "mismatch",
    `${folder} was trained when the manifest of ${found.path} gave other classes or another image size`,
    {
      advice:
        `The run's classes are ${classes.join(", ")}; the data's are ${found.set.classes.join(", ")}.\n` +
        "Restore the manifest, or train again.",
    },
  );
}
