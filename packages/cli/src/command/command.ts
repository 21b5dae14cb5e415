import type { Options, OptionValues, Positional } from "./option-types.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** A command: its name, its flags and arguments, and what it does. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  /** What the command does, in the imperative, with a capital letter and without a full stop. */
  readonly summary: string;
  /**
   * Further text for `--help`, in sentences: what the command reads and writes. Lines are wrapped
   * at the terminal's width. A line of a list begins with two spaces, a name, and at least two more
   * spaces.
   */
  readonly details?: string;
  /** Complete command lines that work without changes. */
  readonly examples: readonly string[];
  readonly options: O;
  readonly positional?: Positional;
  /**
   * Does the work. Imports large modules itself, so that `--help`, and a command that has nothing
   * to do, end at once.
   *
   * @returns the complete result, which `--json FILE` writes.
   */
  run(values: OptionValues<O>, context: CommandContext): Promise<unknown>;
}

/** What `run` receives besides the values of the flags. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Fires on Ctrl-C; the command then stops at the next safe point. */
  readonly signal: AbortSignal;
  /** The arguments without a flag. */
  readonly positionals: readonly string[];
}

/** Declares a command; `run` gets values with the types of its flags. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}

/** The commands of a package. */
export interface Program {
  /** The nx project. */
  readonly name: string;
  readonly summary: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a list of commands with different flags
  readonly commands: readonly Command<any>[];
}
