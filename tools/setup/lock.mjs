import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { onPrograms } from "./run.mjs";

/** The processes of the set-up that is at work in this clone, one number a line. */
const LOCK = ".cache/setup.lock";
const OURS = `${LOCK}.${process.pid}`;

/** How often to look whether another set-up has ended, in milliseconds. */
const PATIENCE = 500;

/**
 * Waits until no other set-up works in this clone, and keeps others waiting until this process ends.
 *
 * The lock lists the programs that the set-up has started, too: npm goes on for a while when only the
 * set-up itself is killed.
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
        `waiting for another set-up to end (process ${others.join(", ")}; if that is none, delete ${LOCK})`,
      );
    }
    told = true;
    await setTimeout(PATIENCE);
  }
  // As long as both are names of one file, renaming one to the other does nothing.
  rmSync(OURS);
  process.once("exit", () => rmSync(LOCK, { force: true }));
  onPrograms((pids) => {
    writeFileSync(OURS, [process.pid, ...pids].join("\n"));
    renameSync(OURS, LOCK);
  });
}

/** A link appears in one step with all that is in it, or not at all if the lock is taken. */
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
 * Whether a process exists, be it somebody else's.
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
