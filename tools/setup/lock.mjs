import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { onPrograms } from "./run.mjs";

/** The ids of the processes of the set-up that runs in this clone, one per line. */
const LOCK = ".cache/setup.lock";
const OURS = `${LOCK}.${process.pid}`;

/** How often to look whether another set-up has ended, in milliseconds. */
const PATIENCE = 500;

/**
 * Waits until no other set-up runs in this clone, and makes others wait until this process ends.
 *
 * The lock also lists the programs that the set-up has started, since npm continues for a while if
 * only the set-up itself is killed.
 */
export async function takeLock() {
  mkdirSync(".cache", { recursive: true });
  writeFileSync(OURS, `${process.pid}\n`);
  process.once("exit", () => rmSync(OURS, { force: true }));
  let told = false;
  while (!create()) {
    const others = holders().filter(isRunning);
    if (others.length === 0) {
      rmSync(LOCK, { force: true });
      continue;
    }
    if (!told) {
      console.log(
        `waiting for another set-up to end (process ${others.join(", ")}; if that is not a set-up, delete ${LOCK})`,
      );
    }
    told = true;
    await setTimeout(PATIENCE);
  }
  // Renaming a file to another name of the same file does nothing.
  rmSync(OURS);
  process.once("exit", () => rmSync(LOCK, { force: true }));
  onPrograms((pids) => {
    writeFileSync(OURS, [process.pid, ...pids].join("\n"));
    renameSync(OURS, LOCK);
  });
}

/** Creating a link is one step: the lock appears with its content, or not at all if it is taken. */
function create() {
  try {
    linkSync(OURS, LOCK);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function holders() {
  try {
    return readFileSync(LOCK, "utf8").split("\n").map(Number).filter(Boolean);
  } catch {
    return []; // it has just been released
  }
}

/**
 * Whether a process exists, also of another user.
 *
 * @param {number} pid
 * @returns {boolean}
 */
export function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
