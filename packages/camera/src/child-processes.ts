import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/**
 * Sees to it that a child does not outlive this process, however it exits (a kill excepted, after
 * which the child finds its pipes closed).
 */
export function watchChild(child: ChildProcess): void {
  if (running.size === 0) process.once("exit", killAll);
  running.add(child);
  child.once("exit", () => {
    running.delete(child);
    if (running.size === 0) process.off("exit", killAll);
  });
}

/** The children that run now. */
export function runningChildren(): number[] {
  return [...running].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
}

function killAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Ends a child, also one that is stopped or stuck, and waits until it is gone. */
export async function killChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}
