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
 * The epoch whose weights are kept, from 1: the epoch with the highest validation accuracy. Of
 * several such epochs, it is the one with the lowest validation loss, then the earliest. 0 for an
 * empty history.
 */
export function bestEpoch(
  history: readonly Pick<EpochRecord, "epoch" | "validationAccuracy" | "validationLoss">[],
): number {
  const [first, ...others] = history;
  if (first === undefined) return 0;
  return others.reduce((best, record) => {
    const gain = record.validationAccuracy - best.validationAccuracy;
    const isBetter = gain > 0 || (gain === 0 && record.validationLoss < best.validationLoss);
    return isBetter ? record : best;
  }, first).epoch;
}
