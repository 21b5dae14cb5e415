import { MienError, messageOf, TELEMETRY_OFF, withoutSecrets } from "@mien/format";
import type { Command, CommandContext, Program } from "./command.ts";
import { fileError } from "../files/file-errors.ts";
import { checkWritable, writeJson } from "../files/files.ts";
import { packageHelp, commandHelp } from "./help.ts";
import { commonOptions } from "./common-flags.ts";
import type { Options, OptionValues } from "./option-types.ts";
import { parseOptions } from "./parse-options.ts";
import { aboveBar, removeBar } from "../terminal/progress-bar.ts";
import { createTerminal } from "../terminal/terminal.ts";
import { typedArguments } from "./typed-arguments.ts";
import { asTyped } from "../terminal/typed-command.ts";

/** Exit codes of every mien program; nx reports every failure as 1. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs a command line, prints what is thrown, and sets the exit code.
 *
 * @param argv the words after the program's name. Default: the arguments of this process.
 */
export async function runProgram(
  program: Program,
  argv: readonly string[] = typedArguments(program.name, process.argv.slice(2)),
): Promise<void> {
  // Switches telemetry off in all libraries that this process loads and all programs that it starts.
  Object.assign(process.env, TELEMETRY_OFF);
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    aboveBar((hadBar) => {
      const message = "stopping at the next safe point; press Ctrl-C again to stop at once";
      // The terminal shows ^C at the cursor; without a bar, the message must begin on a new line.
      process.stderr.write(`${hadBar ? "" : "\n"}${message}\n`);
    });
    interruption.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // `| head` closes the pipe early, which is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(EXIT.done);
    throw error;
  });
  try {
    await dispatch(program, argv, interruption.signal);
  } catch (error) {
    process.exitCode = report(error, argv);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

async function dispatch(
  program: Program,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(packageHelp(program));
    if (name === undefined) process.exitCode = EXIT.usage;
    return;
  }
  const command = program.commands.find((candidate) => candidate.name === name) as
    Command | undefined;
  if (command === undefined) {
    const known = program.commands.map((candidate) => candidate.name).join(", ");
    throw new MienError("usage", `${program.name} has no command "${name}"; it has ${known}`);
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(commandHelp(program, command));
    return;
  }
  const options: Options = { ...command.options, ...commonOptions };
  const { values, positionals } = parseOptions(rest, options, command.positional);
  const terminal = createTerminal();
  const context: CommandContext = { terminal, signal, positionals };
  const { json } = values;
  if (typeof json === "string") await checkWritable("--json", json);
  const result = await command.run(values as OptionValues<Options>, context);
  if (typeof json === "string") {
    await writeJson(json, result ?? {});
    terminal.wrote(json);
  }
}

/**
 * Prints what was thrown.
 *
 * @param argv the command line; secrets of addresses in it are never printed.
 * @returns the exit code.
 */
function report(thrown: unknown, argv: readonly string[]): number {
  removeBar();
  const error = fileError(thrown) ?? thrown;
  const known = error instanceof MienError;
  const debug = process.env["MIEN_DEBUG"] === "1";
  const secretWords = argv.filter((word) => withoutSecrets(word) !== word);
  const print = (text: string) => {
    const safe = secretWords.reduce((shown, word) => withoutSecrets(shown, word), asTyped(text));
    process.stderr.write(`${safe}\n`);
  };
  if (known && error.code === "interrupted") {
    print(`stopped: ${error.message}\n${error.advice ?? ""}`.trimEnd());
    return EXIT.interrupted;
  }
  print(`error: ${messageOf(error)}`);
  if (known && error.advice !== undefined) print(error.advice);
  if (!known || debug) {
    if (!known) print("This is a bug in mien; please report it with these lines:");
    print(error instanceof Error ? (error.stack ?? "") : String(error));
    if (known && error.cause instanceof Error) print(error.cause.stack ?? "");
  }
  return known && error.code === "usage" ? EXIT.usage : EXIT.failed;
}
