import { randomBytes } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { shortened } from "@mien/format";
import { isMarkOfRunning, processMark } from "./process-mark.ts";

/** The end of a temporary name; the first group is the mark of the process that writes the file. */
const ASIDE = /\.(\d+-[0-9a-f]{8})\.[0-9a-f]{8}\.tmp(\.\w+)?$/;
/** The end of the temporary names of mien 0.1, which do not say whose they are. */
const FORMER_ASIDE = /\.[0-9a-f]{8}\.tmp(\.\w+)?$/;
/** Age from which a temporary file of mien 0.1 counts as left over, in ms: one hour. */
const FORMER_AGE = 3_600_000;

/**
 * A temporary path in the folder of a file. The file is written there and renamed when it is
 * complete.
 *
 * @param ending follows the temporary name, for programs that read the type of a file from it.
 */
export function asidePath(file: string, ending = ""): string {
  const { dir, base } = path.parse(file);
  // The limit of 255 bytes for names applies to temporary names, too.
  const random = randomBytes(4).toString("hex");
  return path.join(dir, `${shortened(base, 200)}.${processMark()}.${random}.tmp${ending}`);
}

/**
 * Whether a file is a temporary file that a killed process left behind. The temporary files of
 * processes that run are not.
 */
export async function isLeftOver(file: string): Promise<boolean> {
  const name = path.basename(file);
  const mark = ASIDE.exec(name)?.[1];
  if (mark !== undefined) return !isMarkOfRunning(mark);
  if (!FORMER_ASIDE.test(name)) return false;
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() === true && Date.now() - found.mtimeMs > FORMER_AGE;
}

/**
 * Deletes the temporary files that killed processes left behind in a folder and its folders.
 * Symbolic links are not followed, and folders that cannot be read are skipped.
 *
 * @returns the deleted files.
 */
export async function deleteLeftOvers(folder: string): Promise<string[]> {
  const deleted: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) deleted.push(...(await deleteLeftOvers(place)));
    else if (entry.isFile() && (await isLeftOver(place))) {
      await rm(place, { force: true });
      deleted.push(place);
    }
  }
  return deleted;
}
