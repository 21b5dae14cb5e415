import { findRun, readRunConfig, type Terminal } from "@mien/cli";
import {
  chooseSplit,
  identifyDataset,
  identifyVotes,
  readCorrections,
  type Corrections,
} from "@mien/data";
import { mergeClasses, MienError, type MergedClasses, type SplitChoice } from "@mien/format";
import { identifyTeacher } from "../batch/teacher.ts";
import type { TrainConfig } from "../config-schema.ts";
import { configFromFlags } from "../config.ts";
import { trainingCode, type RequestedRun } from "../run/run-inputs.ts";
import { checkStart, findStart, identifyStart, readStartNetwork } from "../run/start-weights.ts";

/** The flags of `train:fit` that decide what is trained; those of hyperparameters come besides. */
export interface FitFlags extends Readonly<Record<string, unknown>> {
  readonly csv?: string | undefined;
  readonly ferplus?: string | undefined;
  readonly split: string;
  readonly splitSeed?: number | undefined;
  readonly fold?: number | undefined;
  readonly classes: string;
  readonly corrections?: string | undefined;
  readonly config?: string | undefined;
  readonly seed: number;
  readonly teacher?: string | undefined;
  readonly start?: string | undefined;
  readonly weightsOf?: string | undefined;
}

/** What `train:fit` is asked to train. Its files are known by their SHA-256, and not read yet. */
export interface FitRequest {
  /** What the run will record. */
  readonly requested: RequestedRun;
  readonly config: TrainConfig;
  readonly choice: SplitChoice;
  readonly merged: MergedClasses;
  readonly corrections: Corrections | undefined;
  /** The folder of the run, or the ONNX file, of `--start`. */
  readonly start: string | undefined;
  /** The folder of the run of `--weights-of`. */
  readonly weightsOf: string | undefined;
  /** About the data set, for the user. */
  readonly warnings: readonly string[];
}

/**
 * Reads the flags of `train:fit`.
 *
 * @throws {MienError} `usage` for flags that contradict each other; `missing-file` and `bad-data` for
 *   the files that they name.
 */
export async function readFitRequest(
  flags: FitFlags,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<FitRequest> {
  const start = flags.start === undefined ? undefined : await findStart(flags.start);
  const network = start === undefined ? undefined : await readStartNetwork(start);
  const weightsOf = flags.weightsOf === undefined ? undefined : await findRun(flags.weightsOf);
  const taken = weightsOf === undefined ? undefined : await readRunConfig(weightsOf);
  const defaults = taken?.hyperparameters ?? network?.settings;
  const config = await configFromFlags(flags, flags.config, defaults);
  const usesTeacher = config.distillation > 0;
  const usesVotes = config.voteShare > 0 || config.voteHead > 0;
  const choice = chooseSplit(flags);
  if (usesTeacher && choice.split !== "official") {
    throw new MienError(
      "usage",
      `--distillation needs the official split, not --split ${choice.split}`,
      { advice: "A teacher has probabilities only for the rows whose Usage is Training." },
    );
  }
  if (choice.split === "official" && flags.splitSeed !== undefined) {
    terminal.warn("warning: --split-seed is not read, as --split is official");
  }
  if (!usesTeacher && flags.teacher !== undefined) {
    terminal.warn("warning: --teacher is not read, as --distillation is 0");
  }
  if (!usesVotes && flags.ferplus !== undefined) {
    terminal.warn("warning: --ferplus is not read, as --vote-share and --vote-head are 0");
  }
  const teacherFile = usesTeacher ? namedTeacher(flags.teacher ?? taken?.teacher?.path) : undefined;
  const identity = await identifyDataset({ csv: flags.csv, signal, terminal });
  const { manifest, sha256, path } = identity;
  const { height, width, channels } = manifest.image;
  if (network && start !== undefined) {
    checkStart(network, { config, input: { height, width, channels }, start });
  }
  const merged = mergeClasses(flags.classes, manifest.classes, { what: "--classes" });
  const votes = usesVotes
    ? await identifyVotes({ ferplus: flags.ferplus, csv: path, signal })
    : undefined;
  const corrections =
    flags.corrections === undefined ? undefined : await readCorrections(flags.corrections);
  const teacher = teacherFile === undefined ? undefined : await identifyTeacher(teacherFile);
  const startFile = start === undefined ? taken?.start : await identifyStart(start);
  const requested: RequestedRun = {
    data: { name: manifest.name, sha256, path, licence: manifest.licence },
    ...(votes && { votes }),
    ...(corrections && { corrections: { path: corrections.path, sha256: corrections.sha256 } }),
    ...(teacher && { teacher }),
    ...(startFile && { start: startFile }),
    classes: merged.labels,
    ...(merged.text !== "" && { classGroups: merged.text }),
    input: { height, width, channels },
    ...choice,
    seed: flags.seed,
    hyperparameters: config,
    code: await trainingCode(),
  };
  const { warnings } = identity;
  return { requested, config, choice, merged, corrections, start, weightsOf, warnings };
}

function namedTeacher(file: string | undefined): string {
  if (file !== undefined) return file;
  throw new MienError("usage", "--distillation needs a teacher's probabilities", {
    advice: "Add --teacher FILE; `npx nx run train:teach` makes one.",
  });
}
