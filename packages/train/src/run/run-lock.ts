import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { cannotWrite } from "@mien/cli";
import { MienError } from "@mien/format";

/**
 * Locks a run folder for this process. The lock of a process that no longer runs is replaced.
 *
 * The lock file holds the id of its owner; on Linux also the owner's start time and the boot id,
 * because ids of processes are reused.
 *
 * @param folder must exist.
 * @returns a function that removes the lock.
 * @throws {MienError} `conflict` if a running process holds the lock, `environment` if the folder
 * cannot be written to.
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
          "Wait until it has ended, add --fresh to train in a new folder, or name another folder\n" +
          `with --out. If process ${pid} is not a training, delete ${file}.`,
      });
    }
    throw cannotWrite(file, error);
  }
}

/**
 * The process that trains in a run folder at present.
 *
 * @returns its id; undefined if no running process holds the lock.
 */
export async function trainingProcess(folder: string): Promise<number | undefined> {
  const owner = await contentOf(path.join(folder, "lock"));
  return owner !== undefined && isAlive(owner) ? pidOf(owner) : undefined;
}

class LockedError extends Error {
  readonly pid: number;

  constructor(owner: string) {
    super("locked");
    this.pid = pidOf(owner);
  }
}

/** Creates a lock file that names this process; returns a function that removes it. */
async function acquire(file: string): Promise<() => Promise<void>> {
  const self = identityOf(process.pid);
  const aside = `${file}.${randomUUID()}.tmp`;
  const release = async () => {
    if ((await contentOf(file)) === self) await rm(file);
  };
  try {
    await writeFile(aside, self);
    for (;;) {
      // Linking is atomic: it creates the file with its content, and fails if the file exists.
      if (await succeeds(link(aside, file), "EEXIST")) return release;
      const owner = await contentOf(file);
      if (owner === undefined) continue;
      if (isAlive(owner)) throw new LockedError(owner);
      // Only the process that holds a second lock may replace the first one.
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

/** Whether an operation succeeded; false if it failed with the given code; other errors are thrown. */
function succeeds(operation: Promise<void>, code: string): Promise<boolean> {
  return operation.then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === code) return false;
      throw error;
    },
  );
}

/** `pid start boot` on Linux, `pid` elsewhere. */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The start time is field 22. Field 2 is a name in brackets that may contain spaces.
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
    // EPERM: the process runs, as another user.
    if (!isSystemError(error) || error.code !== "EPERM") return false;
  }
  const [a, b] = [`${owner} `, `${identityOf(pid)} `];
  // Either text may consist of the id alone.
  return a.startsWith(b) || b.startsWith(a);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}

function pidOf(owner: string): number {
  return Number(owner.split(" ")[0]);
}
