import { vi } from "vitest";

/** How a command ended, and what it printed. */
export interface Ran {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a command in this process, as the start of a process of its own takes a second or more of
 * processor time. Its output, exit code, working directory and environment are kept apart from those
 * of the test. Commands that are killed or watched need a process of their own; no two commands can
 * run here at the same time.
 *
 * @param run for example `() => runProgram(program, words)`.
 * @param given.cwd the working directory of the command; by default that of the test.
 * @param given.env variables that the command finds in the environment; undefined removes one.
 */
export async function runInProcess(
  run: () => Promise<void>,
  given: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const { stdout } = process;
  const before = {
    cwd: process.cwd(),
    env: { ...process.env },
    listeners: stdout.listeners("error"),
  };
  const printed = { out: "", err: "" };
  const spies = (["out", "err"] as const).map((name) =>
    vi.spyOn(process[`std${name}`], "write").mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    }),
  );
  try {
    for (const [name, value] of Object.entries(given.env ?? {})) setVariable(name, value);
    process.chdir(given.cwd ?? before.cwd);
    await run();
    return { code: process.exitCode ?? 0, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.chdir(before.cwd);
    for (const name of Object.keys(process.env)) setVariable(name, before.env[name]);
    Object.assign(process.env, before.env);
    process.exitCode = undefined;
    for (const listener of stdout.listeners("error")) {
      if (!before.listeners.includes(listener)) stdout.off("error", listener as () => void);
    }
  }
}

function setVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
