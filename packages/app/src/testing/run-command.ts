import { runProgram, type Program } from "@mien/cli";
import { vi } from "vitest";

/** How a command ended, and what it printed. */
export interface Ran {
  readonly code: number | string;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process, since starting another takes seconds. */
export async function runCommand(
  command: Program["commands"][number],
  ...words: readonly string[]
): Promise<Ran> {
  const written = { out: "", err: "" };
  const spies = (["out", "err"] as const).map((name) =>
    vi.spyOn(process[`std${name}`], "write").mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    const program = { name: "app", summary: "", commands: [command] };
    await runProgram(program, [command.name, ...words]);
    return { code: process.exitCode ?? 0, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  }
}
