import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes } from "@mien/cli";
import { MienError, parseJson, RUN_FILES, type EpochRecord } from "@mien/format";
import { z } from "zod";

/** The field that every record has; the others are not checked. */
const requiredFields = z.object({ epoch: z.number() });

/** Whether a value is the record of an epoch. */
export const isEpochRecord = (value: unknown): value is EpochRecord =>
  requiredFields.safeParse(value).success;

/**
 * Reads the epochs of a run from its `history.jsonl`; none if the file does not exist.
 *
 * @throws {MienError} `bad-data` if a line is damaged.
 */
export async function readHistory(folder: string): Promise<EpochRecord[]> {
  const file = path.join(folder, RUN_FILES.history);
  if (!existsSync(file)) return [];
  const lines = (await readBytes(file)).toString("utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const name = `${file}, line ${i + 1},`;
    const record = parseJson(Buffer.from(line), name);
    if (isEpochRecord(record)) return [record];
    throw new MienError("bad-data", `${name} is not the record of an epoch`);
  });
}

/**
 * The fields of an epoch by which a run with labels and votes as targets chooses it: the mean of
 * both accuracies, or the accuracy by labels if no votes have a winner.
 *
 * @param accuracy.labels 0–1.
 * @param accuracy.votes 0–1, or NaN.
 */
export function criterionOf(accuracy: {
  readonly labels: number;
  readonly votes: number;
}): Pick<EpochRecord, "validationAccuracyByLabels" | "validationAccuracyByVotes" | "criterion"> {
  const { labels, votes } = accuracy;
  if (Number.isNaN(votes)) return { validationAccuracyByLabels: labels, criterion: labels };
  return {
    validationAccuracyByLabels: labels,
    validationAccuracyByVotes: votes,
    criterion: (labels + votes) / 2,
  };
}

/**
 * Whether the epoch of a run is chosen by its `criterion`. A run that an earlier version began has
 * epochs without a criterion; it is chosen by the validation accuracy to its end.
 */
export function isChosenByCriterion(
  history: readonly Pick<EpochRecord, "epoch" | "criterion">[],
): boolean {
  return history.length > 0 && history.every(({ criterion }) => criterion !== undefined);
}

/** The fields of an epoch that decide which epoch is kept. */
type ComparedEpoch = Pick<
  EpochRecord,
  "epoch" | "validationAccuracy" | "validationLoss" | "criterion"
>;

/**
 * The epoch whose weights are kept, from 1: the epoch with the highest validation accuracy. Of
 * several such epochs, it is the one with the lowest validation loss, then the earliest. If the run
 * is chosen by its criterion, it is the earliest epoch with the highest criterion. 0 for an empty
 * history.
 */
export function bestEpoch(history: readonly ComparedEpoch[]): number {
  const [first, ...others] = history;
  if (first === undefined) return 0;
  const byCriterion = isChosenByCriterion(history);
  return others.reduce((best, record) => {
    if (byCriterion) return (record.criterion ?? 0) > (best.criterion ?? 0) ? record : best;
    const gain = record.validationAccuracy - best.validationAccuracy;
    const isBetter = gain > 0 || (gain === 0 && record.validationLoss < best.validationLoss);
    return isBetter ? record : best;
  }, first).epoch;
}
