import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, writeFileAtomic } from "@mien/cli";
import { MienError, RUN_FILES, type PartMetrics } from "@mien/format";

/** The file in a run folder that remembers every look at the test part, one line of JSON each. */
export const OPENINGS_FILE = "openings.jsonl";

/** One look at the test part. Accuracies are 0–1. */
export interface Opening {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Name of the run. */
  readonly run: string;
  /** SHA-256 of the weights that were measured. */
  readonly weights: string;
  /** Hash of the code that measured. */
  readonly code: string;
  readonly images: number;
  readonly accuracy: number;
  readonly macroF1: number;
  /** With mirror and crop averaging. */
  readonly averagedAccuracy?: number;
  /** By the winners of the FER+ votes. */
  readonly votesAccuracy?: number;
  /** How it was measured, if not by `train:evaluate --final`. */
  readonly how?: string;
}

/**
 * Every look at the test part so far, the first one first.
 *
 * @throws {MienError} `bad-data` if the file is damaged: what was seen cannot be unseen.
 */
export async function readOpenings(folder: string): Promise<Opening[]> {
  const file = path.join(folder, OPENINGS_FILE);
  if (!existsSync(file)) return [];
  const lines = (await readBytes(file)).toString("utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as Opening];
    } catch {
      throw new MienError("bad-data", `${file}: line ${i + 1} is not JSON`);
    }
  });
}

/** Writes a look at the test part down. */
export async function recordOpening(
  folder: string,
  { run, code, metrics }: { run: string; code: string; metrics: PartMetrics },
): Promise<Opening> {
  const earlier = await readOpenings(folder);
  const { images, accuracy, macroF1, averaged, byVotes } = metrics;
  const opening: Opening = {
    time: new Date().toISOString(),
    run,
    weights: await weightsHash(folder),
    code,
    images,
    accuracy,
    macroF1,
    ...(averaged && { averagedAccuracy: averaged.accuracy }),
    ...(byVotes && { votesAccuracy: byVotes.accuracy }),
  };
  const lines = [...earlier, opening].map((line) => `${JSON.stringify(line)}\n`);
  await writeFileAtomic(path.join(folder, OPENINGS_FILE), lines.join(""));
  return opening;
}

/** SHA-256 of a run's weights: what makes a model that model. */
export async function weightsHash(folder: string): Promise<string> {
  const weights = await readBytes(path.join(folder, RUN_FILES.model, "weights.bin"));
  return createHash("sha256").update(weights).digest("hex");
}
