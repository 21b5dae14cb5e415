import path from "node:path";
import { lockHolder, takeLock } from "@mien/cli";
import { MienError } from "@mien/format";

/**
 * Locks a run folder for this process. The lock of a process that no longer runs is replaced.
 *
 * @param folder must exist.
 * @returns a function that removes the lock.
 * @throws {MienError} `conflict` if a running process holds the lock, `environment` if the folder
 * cannot be written to.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, "lock");
  const lock = await takeLock(file);
  if ("release" in lock) return lock.release;
  const { heldBy: pid } = lock;
  throw new MienError("conflict", `process ${pid} is training in ${folder} already`, {
    advice:
      "Wait until it has ended, add --fresh to train in a new folder, or name another folder\n" +
      `with --out. If process ${pid} is not a training, delete ${file}.`,
  });
}

/**
 * The process that trains in a run folder at present.
 *
 * @returns its id; undefined if no running process holds the lock.
 */
export function trainingProcess(folder: string): Promise<number | undefined> {
  return lockHolder(path.join(folder, "lock"));
}
