import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * The identity of a process: `pid start boot` on Linux, where ids of processes are reused; `pid`
 * elsewhere.
 */
export function processIdentity(pid: number): string {
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

/** Whether a process of this id runs, as any user. */
export function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * The mark that this process sets in the names of its temporary files: its id, a dash and 8 digits
 * of the SHA-256 of its identity.
 */
export function processMark(pid = process.pid): string {
  return `${pid}-${createHash("sha256").update(processIdentity(pid)).digest("hex").slice(0, 8)}`;
}

/** Whether the process that set a mark still runs. */
export function isMarkOfRunning(mark: string): boolean {
  const pid = Number(mark.split("-")[0]);
  return isRunning(pid) && processMark(pid) === mark;
}
