import { mkdir, rmdir } from "node:fs/promises";
import path from "node:path";
import { cannotWrite, takeLock } from "@mien/cli";
import { MienError } from "@mien/format";

const LOCK = ".lock";
/** Longest wait for another command that changes people, in ms. Erasing large results takes long. */
const PATIENCE = 120_000;
/** Time between two attempts, in ms. */
const INTERVAL = 25;

/**
 * Does some work while no other command changes the people in a folder. The folder is made if it is
 * missing, and deleted again if it is still empty.
 *
 * @throws {MienError} `conflict` if another command changes them for more than two minutes;
 * `environment` if the folder cannot be written to.
 */
export async function withLockedPeople<Type>(
  folder: string,
  work: () => Promise<Type>,
): Promise<Type> {
  const file = path.join(folder, LOCK);
  const made = await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw cannotWrite(folder, error);
  });
  const end = performance.now() + PATIENCE;
  let lock = await takeLock(file);
  while ("heldBy" in lock) {
    if (performance.now() > end) {
      const { heldBy } = lock;
      throw new MienError("conflict", `process ${heldBy} is changing the people in ${folder}`, {
        advice: `Try again when it has ended. If process ${heldBy} is not mien, delete ${file}.`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    lock = await takeLock(file);
  }
  try {
    return await work();
  } finally {
    await lock.release();
    // Fails if the folder has entries.
    if (made !== undefined) await rmdir(folder).catch(() => undefined);
  }
}
