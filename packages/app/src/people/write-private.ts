import { randomBytes } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf } from "@mien/format";

/**
 * Writes a file that nobody else on this machine may read, first aside, then in place.
 *
 * @param mode of the file; default 0600.
 * @throws {MienError} `environment` if it cannot be written.
 */
export async function writePrivate(
  file: string,
  content: Uint8Array | AsyncIterable<string>,
  mode = 0o600,
): Promise<void> {
  const aside = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(aside, content, { mode, flush: true });
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw new MienError("environment", `cannot write ${file}: ${messageOf(error)}`, {
      advice: "Check that the folder may be written to and that the disk has space.",
      cause: error,
    });
  }
}
