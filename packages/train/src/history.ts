import { existsSync } from "node:fs";
import path from "node:path";
import { readBytes } from "@mien/cli";
import { RUN_FILES, type EpochRecord } from "@mien/format";

/** The epochs of a run; none for a run without a history. */
export async function readHistory(folder: string): Promise<EpochRecord[]> {
  const file = path.join(folder, RUN_FILES.history);
  if (!existsSync(file)) return [];
  const lines = (await readBytes(file)).toString("utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as EpochRecord);
}
