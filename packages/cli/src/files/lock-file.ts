import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { cannotWrite } from "./file-errors.ts";
import { isRunning, processIdentity } from "./process-mark.ts";
import { asidePath } from "./write-aside.ts";

/** A lock that this process holds, or the process that holds it instead. */
export type Lock = { readonly release: () => Promise<void> } | { readonly heldBy: number };

/**
 * Creates a lock file for this process. The lock of a process that no longer runs is replaced.
 *
 * The lock file holds the identity of its owner, see `processIdentity`.
 *
 * @param file its folder must exist.
 * @returns a function that removes the lock; or the id of the running process that holds it.
 * @throws {MienError} `environment` if the file cannot be written.
 */
export async function takeLock(file: string): Promise<Lock> {
  try {
    return { release: await acquire(file) };
  } catch (error) {
    if (error instanceof LockedError) return { heldBy: error.pid };
    throw cannotWrite(file, error);
  }
}

/**
 * The running process that holds a lock.
 *
 * @returns its id; undefined if no running process holds the lock.
 */
export async function lockHolder(file: string): Promise<number | undefined> {
  const owner = await contentOf(file);
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
  const self = processIdentity(process.pid);
  const aside = asidePath(file);
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

function isAlive(owner: string): boolean {
  const pid = pidOf(owner);
  if (!isRunning(pid)) return false;
  const [a, b] = [`${owner} `, `${processIdentity(pid)} `];
  // Either text may consist of the id alone.
  return a.startsWith(b) || b.startsWith(a);
}

function pidOf(owner: string): number {
  return Number(owner.split(" ")[0]);
}
