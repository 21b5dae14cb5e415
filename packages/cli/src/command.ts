import type { Options, OptionValues, Positional } from "./command-options.ts";
import type { Terminal } from "./terminal.ts";

/** A command: what it is called and takes, and what it does. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  /** What it does, imperative, with a capital letter and without a full stop. */
  readonly summary: string;
  /**
   * More for `--help`, in sentences: what it reads, what it writes. Lines are wrapped at the
   * terminal's width; those of a list begin with two blanks and a name, with two blanks or more behind it.
   */
  readonly details?: string;
  /** Complete command lines that work as they stand. */
  readonly examples: readonly string[];
  readonly options: O;
  readonly positional?: Positional;
  /**
   * Does the work. Heavy modules are imported inside, so that `--help` and an up-to-date answer
   * come at once.
   *
   * @returns the whole result, which `--json FILE` writes.
   */
  run(values: OptionValues<O>, context: CommandContext): Promise<unknown>;
}

/** What a command gets besides its flags. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Fires on Ctrl-C; a command that can be resumed stops at the next safe point. */
  readonly signal: AbortSignal;
  readonly positionals: readonly string[];
}

/** Declares a command; its flags' types reach `run`. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}
