import { runProgram } from "@mien/cli";
import { runInProcess, type Ran } from "@mien/testing";
import { program } from "../program.ts";

/** Runs a command of this package in a folder, inside this process. */
export function runCommand(folder: string, ...words: readonly string[]): Promise<Ran> {
  return runInProcess(() => runProgram(program, words), { cwd: folder });
}
