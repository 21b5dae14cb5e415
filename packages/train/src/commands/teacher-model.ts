import { isDeepStrictEqual } from "node:util";
import { findRun, readRunConfig, shellQuote } from "@mien/cli";
import { describeSplit, parseSplit, type Dataset } from "@mien/data";
import { MienError, type RunConfig, type SplitChoice } from "@mien/format";
import { resolveConfig } from "../config.ts";
import type { TrainedModel } from "../network/trained-model.ts";
import { readExportedModel } from "../run/read-exported-model.ts";
import { isModel, networkSettings } from "../run/start-weights.ts";
import { hasOfficialSplit } from "../run/training-settings.ts";

/** How a model was trained; an exported model has no path of its data set. */
export type Trained = Partial<SplitChoice> &
  Pick<RunConfig, "classes" | "classGroups" | "input" | "hyperparameters"> & {
    readonly data: Pick<RunConfig["data"], "sha256" | "skippedRows"> & { readonly path?: string };
  };

/** A model whose probabilities can teach another one. */
export interface TeacherModel {
  /** The folder of the run, or the ONNX file. */
  readonly name: string;
  readonly trained: Trained;
  open(): Promise<Pick<TrainedModel, "classes" | "predict" | "dispose">>;
}

/**
 * Finds a model to teach with.
 *
 * @param name of a run (`findRun`), or the path of a model of `export:onnx`.
 * @throws {MienError} `missing-file` if it does not exist, `bad-model` if the file is not a model of
 * mien in 32 bits.
 */
export async function findTeacher(name: string | undefined): Promise<TeacherModel> {
  if (name === undefined || !isModel(name)) {
    const folder = await findRun(name);
    return {
      name: folder,
      trained: await readRunConfig(folder),
      async open() {
        const { openTrainedModel } = await import("../network/trained-model.ts");
        return openTrainedModel(folder);
      },
    };
  }
  const exported = await readExportedModel(name);
  const { classes, input, training } = exported;
  const { config: hyperparameters, split, ...about } = training;
  const network = resolveConfig(networkSettings(hyperparameters, name), name);
  return {
    name,
    trained: { classes, input, hyperparameters, split: parseSplit(split), ...about },
    async open() {
      const { openExportedModel } = await import("../run/open-exported-model.ts");
      return openExportedModel(exported, network);
    },
  };
}

/**
 * A teacher needs all classes of the data set, and the official split: with another split, its images
 * would include validation images of its student.
 */
export function requireTeachable(name: string, config: Trained): void {
  if (config.classGroups !== undefined) {
    throw new MienError(
      "unsupported",
      `${name} has the classes ${config.classGroups}; a teacher needs all classes of the data set`,
      {
        advice:
          "Train the teacher without --classes. train:fit --classes merges the teacher's probabilities itself.",
      },
    );
  }
  if (hasOfficialSplit(config)) return;
  throw new MienError(
    "unsupported",
    `${name} has the split ${describeSplit(config)}; a teacher needs the official split`,
    { advice: "Train the teacher without --split." },
  );
}

export function requireSameFile(name: string, data: Trained["data"], found: Dataset): void {
  if (data.sha256 === found.sha256) return;
  throw new MienError("mismatch", `${name} was trained on other data than ${found.path}`, {
    advice: `Give the data that all the models were trained on: --csv ${data.path === undefined ? "FILE" : shellQuote(data.path)}`,
  });
}

/** The probabilities of a model are valid only for the images, classes and size that it was trained on. */
export function requireSameData(
  name: string,
  { data, classes, input }: Trained,
  found: Dataset,
): void {
  requireSameFile(name, data, found);
  const { height, width, channels } = found.set;
  const isSame = isDeepStrictEqual(
    { classes, ...input },
    { classes: found.set.classes, height, width, channels },
  );
  if (isSame) return;
  throw new MienError(
    "mismatch",
    `${name} was trained when the manifest of ${found.path} gave other classes or another image size`,
    {
      advice:
        `The model's classes are ${classes.join(", ")}; the data's are ${found.set.classes.join(", ")}.\n` +
        "Restore the manifest, or train again.",
    },
  );
}
