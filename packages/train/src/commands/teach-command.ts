import { existsSync } from "node:fs";
import path from "node:path";
import {
  checkWritable,
  counted,
  csvOption,
  defineCommand,
  formatPercent,
  outOption,
  shellQuote,
} from "@mien/cli";
import { loadWithProgress } from "@mien/data";
import { officialSplit, USAGES } from "@mien/format";
import { voteShareOf } from "../run/training-settings.ts";
import {
  isCrossval,
  readCrossvalProbabilities,
  readCrossvalRecord,
} from "../crossval/crossval-folder.ts";
import { readTeacher, writeTeacher, type TeacherProbabilities } from "../batch/teacher.ts";
import {
  findTeacher,
  requireSameData,
  requireSameFile,
  requireTeachable,
} from "./teacher-model.ts";

/** Distinguishes the files of probabilities from the names of runs. */
const TEACHER_EXTENSION = ".bin";

export const teachCommand = defineCommand({
  name: "teach",
  summary: "Write the probabilities of trained models, for distillation into another model",
  details:
    "Averages the probabilities of one or more models, over mirrored and cropped images of the training split, and writes them to one file, for example for `train:fit --teacher artifacts/teacher.bin --distillation 0.5`. " +
    "Images of the other splits are left out, so that their labels do not leak. The runs must have the official split. " +
    "Runs that learnt the FER+ votes (--vote-share 1) are averaged apart from the others; they teach the votes' share of the targets. " +
    "Exported models (.onnx) teach like the runs that they were made from. " +
    "A folder of train:crossval teaches its out-of-fold probabilities: each is of a model that has not seen the image.",
  examples: [
    "npx nx run train:teach artifacts/runs/fer2013 artifacts/runs/fer2013-2 --out artifacts/teacher.bin",
    "npx nx run train:teach artifacts/release/deep.onnx artifacts/release/fer2013.onnx",
  ],
  positional: {
    name: "RUN",
    description:
      "Runs, models (.onnx), files of this command (.bin), or folders of train:crossval to average",
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
    const others = names.filter(
      (name) => name === undefined || ![...files, ...validations].includes(name),
    );
    const teachers = await Promise.all(others.map((name) => findTeacher(name)));
    const records = await Promise.all(validations.map((folder) => readCrossvalRecord(folder)));
    teachers.forEach(({ name, trained }) => requireTeachable(name, trained));
    await checkWritable("--out", out);
    const madeFrom = [...teachers.map(({ trained }) => trained), ...records];
    const paths = madeFrom.flatMap((made) => made?.data.path ?? []);
    const csv = givenCsv ?? paths.find((file) => existsSync(file));
    const skipBadRows = teachers.some(({ trained }) => (trained.data.skippedRows ?? 0) > 0);
    const loaded = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
    const { set, sha256 } = loaded;
    teachers.forEach(({ name, trained }) => requireSameData(name, trained, loaded));
    const { train } = officialSplit(set);
    const { predictImages } = await import("../evaluate.ts");
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
    for (const teacher of teachers) {
      const model = await teacher.open();
      const bar = terminal.progress(path.basename(teacher.name), 10 * train.length);
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
        sources[voteShareOf(teacher.trained) === 1 ? "byVotes" : "byLabels"].push(probabilities);
      } finally {
        bar.stop();
        model.dispose();
      }
    }
    const means = { byLabels: meanOf(sources.byLabels), byVotes: meanOf(sources.byVotes) };
    const taughtBy = teachers.map(({ name }) => name);
    const made = [...taughtBy, ...files, ...validations]
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
    return { file: out, runs: taughtBy, agreement };
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
