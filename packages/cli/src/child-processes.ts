import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/**
 * Kills a child process when this process exits, also after an error. If SIGKILL kills this
 * process, the child process goes on; its pipes are closed then.
 */
export function killChildOnExit(child: ChildProcess): void {
  if (running.size === 0) process.once("exit", killAll);
  running.add(child);
  child.once("exit", () => {
    running.delete(child);
    if (running.size === 0) process.off("exit", killAll);
  });
}

/** The process ids of the children of `killChildOnExit` that are running. */
export function runningChildren(): number[] {
  return [...running].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
}

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Kills a child process, even if it is stopped or hangs, and waits until it has exited. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}
