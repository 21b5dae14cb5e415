import path from "node:path";
import { codeVersion } from "@mien/cli";
import { splitChoiceOf, type RunConfig, type SplitChoice } from "@mien/format";

/** The configuration of a run that a command requests. It has no name, because it has no folder yet. */
export type RequestedRun = Omit<RunConfig, "name">;

/** Everything that determines the result of a training run. */
export interface RunInputs extends SplitChoice, Pick<RunConfig, "seed" | "hyperparameters"> {
  /** SHA-256 of the uncompressed CSV. */
  readonly data: string;
  /** SHA-256 of the FER+ votes; absent if the targets do not use votes. */
  readonly votes?: string;
  /** SHA-256 of the corrections of labels; absent without corrections. */
  readonly corrections?: string;
  /** SHA-256 of the teacher's probabilities; absent if the targets do not use a teacher. */
  readonly teacher?: string;
  /** SHA-256 of the weights that training started from; absent if they were random. */
  readonly start?: string;
  /** The classes that are merged or dropped; absent if all are kept. */
  readonly classGroups?: string;
}

/** The inputs of a run, from its configuration. */
export function inputsOf(config: RequestedRun): RunInputs {
  const { data, votes, corrections, teacher, start, ...rest } = config;
  const { classGroups, seed, hyperparameters } = rest;
  return {
    data: data.sha256,
    ...(votes && { votes: votes.sha256 }),
    ...(corrections && { corrections: corrections.sha256 }),
    ...(teacher && { teacher: teacher.sha256 }),
    ...(start && { start: start.sha256 }),
    ...splitChoiceOf(config),
    ...(classGroups !== undefined && { classGroups }),
    seed,
    hyperparameters,
  };
}

/** The inputs as JSON with sorted keys, so that equal inputs give equal texts. */
export function inputsKey(inputs: RunInputs): string {
  return JSON.stringify(inputs, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** A hash of the source code that determines the result of a run: train, data and format. */
export function trainingCode(): Promise<string> {
  // The packages are siblings, both as sources and after the build.
  const here = path.resolve(import.meta.dirname, "..");
  const kind = path.basename(here);
  const folders = ["train", "data", "format"].map((name) => path.join(here, "../..", name, kind));
  return codeVersion(folders);
}
