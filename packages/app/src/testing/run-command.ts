import { runProgram, type Program } from "@mien/cli";
import { runInProcess, type Ran } from "@mien/testing";

/** Runs a command as a person would, without a process of its own. */
export function runCommand(
  command: Program["commands"][number],
  ...words: readonly string[]
): Promise<Ran> {
  const program = { name: "app", summary: "", commands: [command] };
  return runInProcess(() => runProgram(program, [command.name, ...words]));
}
