import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { codeVersion, readJson } from "@mien/cli";
import { MienError, RUN_FILES, type RunConfig, type RunMetrics } from "@mien/format";

/** Everything that decides what a training run comes out as. */
export type RunInputs = Pick<RunConfig, "split" | "seed" | "hyperparameters"> & {
  /** SHA-256 of the uncompressed CSV. */
  readonly data: string;
  /** SHA-256 of the FER+ votes; absent if none take part. */
  readonly votes?: string;
  /** SHA-256 of the teacher's answers; absent if none take part. */
  readonly teacher?: string;
};

/** The inputs of a run that was started. */
export function inputsOf(config: Omit<RunConfig, "name">): RunInputs {
  const { data, votes, teacher, split, seed, hyperparameters } = config;
  return {
    data: data.sha256,
    ...(votes && { votes: votes.sha256 }),
    ...(teacher && { teacher: teacher.sha256 }),
    split,
    seed,
    hyperparameters,
  };
}

/** A text that is the same for equal inputs, whatever the order of their keys. */
export function inputsKey(inputs: RunInputs): string {
  return JSON.stringify(inputs, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** A hash of the code that decides how a run comes out. */
export function trainingCode(): Promise<string> {
  // The packages lie side by side, whether as sources or built.
  const here = path.resolve(import.meta.dirname, "..");
  const kind = path.basename(here);
  const folders = ["train", "data", "format"].map((name) => path.join(here, "../..", name, kind));
  return codeVersion(folders);
}

/**
 * Reads what a finished run scored.
 *
 * @throws {MienError} `missing-file` if the run is not finished, `bad-data` if the file is damaged.
 */
export async function readRunMetrics(folder: string): Promise<RunMetrics> {
  const file = path.join(folder, RUN_FILES.metrics);
  if (!existsSync(file)) {
    throw new MienError(
      "missing-file",
      `${folder} is not finished: it has no ${RUN_FILES.metrics}`,
      {
        advice: "Repeat its `npx nx run train:fit` command to go on with it.",
      },
    );
  }
  const metrics = (await readJson(file)) as Partial<RunMetrics> | null;
  if (metrics?.validation?.accuracyInterval && metrics.validation.confusion) {
    return metrics as RunMetrics;
  }
  throw new MienError("bad-data", `${file} does not hold the metrics of a finished run`, {
    advice:
      "Delete that file and repeat the run's `npx nx run train:fit` command: it makes it anew.",
  });
}

/** Removes what a killed process was just writing; only unfinished runs have such files. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names) {
    if (/\.[0-9a-f]{8}\.tmp$/.test(name)) await rm(path.join(folder, name), { force: true });
  }
}
