import { EXIT, runProgram, setLauncher, type Program } from "@mien/cli";
import { messageOf, nearestName } from "@mien/format";
import { COMMAND_NAMES, nameOf } from "./command-names.ts";
import { loadProgram } from "./load-program.ts";
import { overview } from "./overview.ts";
import { allNeeds, describeNeeds, needsOf } from "./setup/needs.ts";
import { isSetUp, runSetUpMien, setupFolder } from "./setup/setup-folder.ts";

/**
 * Runs a command line of `mien`, prints what is thrown, and sets the exit code.
 *
 * @param argv the words after `mien`; default: the arguments of this process.
 * @param program the words before the command in help and advice; default: as npm started it.
 */
export async function runMien(
  argv: readonly string[] = process.argv.slice(2),
  program: string = process.env["npm_command"] === "exec" ? "npx mien" : "mien",
): Promise<void> {
  setLauncher({ program, nameOf });
  try {
    await dispatch(argv, program);
  } finally {
    setLauncher(undefined);
  }
}

async function dispatch([name, ...words]: readonly string[], program: string): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    if (isSetUp(allNeeds())) return runSetUpMien([name ?? "--help"], program);
    process.stdout.write(await overview(program));
    if (name === undefined) process.exitCode = EXIT.usage;
    return;
  }
  const known = COMMAND_NAMES.find((command) => command.name === name);
  if (known === undefined) {
    const names = COMMAND_NAMES.map((command) => command.name);
    const nearest = nearestName(name, names);
    const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    process.stderr.write(
      `error: mien has no command "${name}"${meant}\nIts commands are ${names.join(", ")}.\n`,
    );
    process.exitCode = EXIT.usage;
    return;
  }
  let loaded: Program;
  try {
    loaded = await loadProgram(known.project);
  } catch (error) {
    const needs = needsOf(known);
    if (isSetUp(needs)) return runSetUpMien([name, ...words], program);
    const advice = [
      `${program} setup ${name} installs, into ${setupFolder()}:`,
      ...describeNeeds(needs),
      `${program} setup installs what all commands need.`,
    ];
    process.stderr.write(`error: ${messageOf(error)}\n${advice.join("\n")}\n`);
    process.exitCode = EXIT.failed;
    return;
  }
  await runProgram(loaded, [known.command, ...words]);
}
