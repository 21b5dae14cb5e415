import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { cannotWrite } from "@mien/cli";
import { MienError } from "@mien/format";

/**
 * Keeps a run folder for this process until the returned function is called. A lock that a killed
 * process left behind is taken over.
 *
 * @param folder must exist.
 * @throws {MienError} `conflict` if a process on this machine trains in it, `environment` if the
 * folder cannot be written to.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const file = path.join(folder, "lock");
  try {
    return await acquire(file);
  } catch (error) {
    if (error instanceof LockedError) {
      const { pid } = error;
      throw new MienError("conflict", `process ${pid} is training in ${folder} already`, {
        advice:
          "Wait until it has ended, add --fresh to train beside it, or name another folder with\n" +
          `--out. If process ${pid} is no training, delete ${file}.`,
      });
    }
    throw cannotWrite(file, error);
  }
}

class LockedError extends Error {
  readonly pid: number;

  constructor(owner: string) {
    super("locked");
    this.pid = pidOf(owner);
  }
}

/** Makes a lock file that names this process; returns what removes it. */
async function acquire(file: string): Promise<() => Promise<void>> {
  const self = identityOf(process.pid);
  const aside = `${file}.${randomUUID()}.tmp`;
  const release = async () => {
    if ((await contentOf(file)) === self) await rm(file);
  };
  try {
    await writeFile(aside, self);
    for (;;) {
      // A link appears with its content, and only where nothing is.
      if (await isDone(link(aside, file), "EEXIST")) return release;
      const owner = await contentOf(file);
      if (owner === undefined) continue;
      if (isAlive(owner)) throw new LockedError(owner);
      // Whoever holds this second lock is the only one that may replace the first.
      const releaseTakeover = await acquire(`${file}.tmp`);
      try {
        if ((await contentOf(file)) !== owner) continue;
        await rename(aside, file);
        return release;
      } finally {
        await releaseTakeover();
      }
    }
  } finally {
    await rm(aside, { force: true });
  }
}

function contentOf(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** Whether an operation succeeded; false if it failed with this code. */
function isDone(operation: Promise<void>, code: string): Promise<boolean> {
  return operation.then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === code) return false;
      throw error;
    },
  );
}

/** `pid start boot` where Linux tells them, so that no later process of that number is meant. */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in brackets that may hold anything; the start is the 22nd.
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${pid} ${start} ${boot}`;
  } catch {
    return String(pid);
  }
}

function isAlive(owner: string): boolean {
  const pid = pidOf(owner);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Someone else's process lives too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const [a, b] = [`${owner} `, `${identityOf(pid)} `];
  // One of them may be the number alone.
  return a.startsWith(b) || b.startsWith(a);
}

function pidOf(owner: string): number {
  return Number(owner.split(" ")[0]);
}
