import { existsSync } from "node:fs";
import { readJson } from "@mien/cli";
import { isRecord, MienError } from "@mien/format";

/**
 * Refuses to write over a CSV that is not from an earlier run of the same command.
 *
 * @param record the file in which the command records what the CSV was made from.
 * @throws {MienError} `conflict` if there is another CSV.
 */
export async function checkOverwrite(
  csv: string,
  { record, command }: { readonly record: string; readonly command: "import" | "split" },
): Promise<void> {
  if (!existsSync(csv)) return;
  const known = await readJson(record).catch(() => undefined);
  if (isRecord(known) && isRecord(known["inputs"]) && known["inputs"]["command"] === command) {
    return;
  }
  throw new MienError("conflict", `${csv} exists and is not from data:${command}`, {
    advice: "Choose another name with --out, or move that file away.",
  });
}
