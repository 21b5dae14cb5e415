import { vi } from "vitest";

/** How a command ended, and what it printed. */
export interface Ran {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/**
 * Runs a command in this process, since starting a new process takes a second or more of processor
 * time. The command has its own output, exit code, working directory and environment, which do not
 * affect the test. Commands that are killed or watched need a process of their own; only one
 * command can run in this process at a time.
 *
 * @param run for example `() => runProgram(program, words)`.
 * @param given.cwd the working directory of the command; default: the test's.
 * @param given.env environment variables of the command, besides the test's; undefined removes one.
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
