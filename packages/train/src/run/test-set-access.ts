import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes, writeFileAtomic } from "@mien/cli";
import { MienError, RUN_FILES, type SplitMetrics } from "@mien/format";
import { z } from "zod";

/** The file in a run folder with one line of JSON for each test-set access: `TestSetAccess`. */
export const TEST_SET_ACCESS_FILE = "openings.jsonl";

/** One evaluation on the test split. Accuracies are 0–1. */
export interface TestSetAccess {
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Name of the run. */
  readonly run: string;
  /** SHA-256 of the evaluated weights. */
  readonly weights: string;
  /** Hash of the code that evaluated them. */
  readonly code: string;
  /** Number of images. */
  readonly images: number;
  readonly accuracy: number;
  readonly macroF1: number;
  /** With probabilities averaged over mirrored and shifted crops. */
  readonly averagedAccuracy?: number;
  /** By the winners of the FER+ votes. */
  readonly votesAccuracy?: number;
  /** The way of the evaluation, if it was not `train:evaluate --final`. */
  readonly how?: string;
}

/** The fields that every line has; the others are not checked. */
const requiredFields = z.object({ time: z.string(), weights: z.string(), accuracy: z.number() });

const isTestSetAccess = (value: unknown): value is TestSetAccess =>
  requiredFields.safeParse(value).success;

/**
 * Reads every test-set access of a run, oldest first; none if the file does not exist.
 *
 * @throws {MienError} `bad-data` if a line is damaged, because a lost record could hide an access.
 */
export async function readTestSetAccesses(folder: string): Promise<TestSetAccess[]> {
  const file = path.join(folder, TEST_SET_ACCESS_FILE);
  if (!existsSync(file)) return [];
  const lines = (await readBytes(file)).toString("utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const access = parseLine(line);
    if (isTestSetAccess(access)) return [access];
    throw new MienError("bad-data", `${file}: line ${i + 1} is not a record of a test-set access`);
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Appends a test-set access to the file of the run; the file is replaced as a whole. */
export async function recordTestSetAccess(
  folder: string,
  { run, code, metrics }: { run: string; code: string; metrics: SplitMetrics },
): Promise<void> {
  const earlier = await readTestSetAccesses(folder);
  const { images, accuracy, macroF1, averaged, byVotes } = metrics;
  const access: TestSetAccess = {
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
  const lines = [...earlier, access].map((line) => `${JSON.stringify(line)}\n`);
  await writeFileAtomic(path.join(folder, TEST_SET_ACCESS_FILE), lines.join(""));
}

/** SHA-256 of the weights of a run's model, which identifies the model. */
export async function weightsHash(folder: string): Promise<string> {
  const weights = await readBytes(path.join(folder, RUN_FILES.model, "weights.bin"));
  return createHash("sha256").update(weights).digest("hex");
}
