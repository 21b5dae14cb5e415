import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes } from "@mien/cli";
import { parseJson, RUN_FILES, type EpochRecord } from "@mien/format";

/** The epochs of a run; none for a run without a history. */
export async function readHistory(folder: string): Promise<EpochRecord[]> {
  const file = path.join(folder, RUN_FILES.history);
  if (!existsSync(file)) return [];
  const lines = (await readBytes(file)).toString("utf8").split("\n");
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    return [parseJson(Buffer.from(line), `${file}, line ${i + 1},`) as EpochRecord];
  });
}

/**
 * The epoch whose weights are kept, from 1: that of the highest validation accuracy; of equals the
 * one of the lowest validation loss, then the earliest. 0 for no epochs.
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
