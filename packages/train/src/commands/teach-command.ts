import { existsSync } from "node:fs";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  checkWritable,
  csvOption,
  defineCommand,
  findRun,
  formatPercent,
  outOption,
  readRunConfig,
  shellQuote,
} from "@mien/cli";
import { describeSplit, loadWithProgress, type Dataset } from "@mien/data";
import { MienError, officialSplit, type RunConfig } from "@mien/format";
import { hasOfficialSplit } from "../run/training-settings.ts";
import { writeTeacher } from "../batch/teacher.ts";

export const teachCommand = defineCommand({
  name: "teach",
  summary: "Write the probabilities of trained models, for distillation into another model",
  details:
    "Averages the probabilities of one or more runs over mirrored and cropped images of the training split, and writes them to one file, for example for `train:fit --teacher artifacts/teacher.bin --distillation 0.5`. " +
    "Images of the other splits are left out, so that their labels do not leak. The runs must have the official split.",
  examples: [
    "npx nx run train:teach artifacts/runs/fer2013 artifacts/runs/fer2013-2 --out artifacts/teacher.bin",
  ],
  positional: {
    name: "RUN",
    description: "Runs to average: their names or folders",
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
    const folders = await Promise.all(names.map((name) => findRun(name)));
    const configs = await Promise.all(folders.map((folder) => readRunConfig(folder)));
    configs.forEach((config, i) => requireOfficialSplit(folders[i]!, config));
    await checkWritable("--out", out);
    const csv = givenCsv ?? configs.map(({ data }) => data.path).find((file) => existsSync(file));
    const skipBadRows = configs.some(({ data }) => (data.skippedRows ?? 0) > 0);
    const loaded = await loadWithProgress({ csv, skipBadRows, signal }, terminal);
    const { set, sha256 } = loaded;
    configs.forEach((config, i) => requireSameData(folders[i]!, config, loaded));
    const { train } = officialSplit(set);
    const sums = new Float64Array(train.length * set.classes.length);
    const { predictImages } = await import("../evaluate.ts");
    const { openTrainedModel } = await import("../network/trained-model.ts");
    for (const folder of folders) {
      const model = await openTrainedModel(folder);
      const bar = terminal.progress(path.basename(folder), 10 * train.length);
      try {
        const images = { set, positions: train };
        const onProgress = (done: number) => bar.update(done);
        const options = { averaging: true, signal, onProgress };
        const { averaged } = await predictImages(model, images, options);
        averaged?.forEach((p, i) => (sums[i]! += p / folders.length));
      } finally {
        bar.stop();
        model.dispose();
      }
    }
    const probabilities = new Float32Array(set.labels.length * set.classes.length);
    let agreeing = 0;
    train.forEach((position, i) => {
      const row = sums.subarray(i * set.classes.length, (i + 1) * set.classes.length);
      probabilities.set(row, position * set.classes.length);
      if (row.indexOf(Math.max(...row)) === set.labels[position]) agreeing++;
    });
    const made = folders.map((folder) => path.basename(folder)).join(", ");
    await writeTeacher(out, probabilities, { set, data: sha256, made });
    const subject =
      folders.length === 1 ? "the run agrees" : `${folders.length} runs together agree`;
    terminal.say(
      `${subject} with ${formatPercent(agreeing / train.length)} of the ${train.length} training labels`,
    );
    terminal.wrote(out);
    terminal.next(
      `npx nx run train:fit --teacher ${shellQuote(out)} --distillation 0.5`,
      "train a model on these probabilities too",
    );
    return { file: out, runs: folders, agreement: agreeing / train.length };
  },
});

/** With another split, a teacher's images would include validation images of its student. */
function requireOfficialSplit(folder: string, config: RunConfig): void {
  if (hasOfficialSplit(config)) return;
  throw new MienError(
    "unsupported",
    `${folder} has the split ${describeSplit(config)}; a teacher needs the official split`,
    { advice: "Train the teacher without --split." },
  );
}

/** The probabilities of a run are valid only for the images, classes and size that it was trained on. */
function requireSameData(
  folder: string,
  { data, classes, input }: RunConfig,
  found: Dataset,
): void {
  if (data.sha256 !== found.sha256) {
    throw new MienError("mismatch", `${folder} was trained on other data than ${found.path}`, {
      advice: `Give the data that all the runs were trained on: --csv ${shellQuote(data.path)}`,
    });
  }
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
