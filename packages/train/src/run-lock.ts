import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { MienError } from "@mien/format";

/**
 * Keeps a run folder for this process until the returned function is called. A lock that a killed
 * process left behind is taken over.
 *
 * @param folder must exist.
 * @throws {MienError} `conflict` if another process on this machine trains in it.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, "lock");
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(file, "utf8").catch(() => ""));
    if (owner !== process.pid && isAlive(owner)) {
      throw new MienError("conflict", `process ${owner} is training in ${folder} already`, {
        advice: "Wait until it has ended, or name another folder with --out.",
      });
    }
    await rm(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Someone else's process lives too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
