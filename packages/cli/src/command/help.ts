import wrapAnsi from "wrap-ansi";
import type { Command, Program } from "./command.ts";
import { commonOptions } from "./common-flags.ts";
import { asTyped, isStartedByNx } from "../terminal/typed-command.ts";
import { flagOf, type Option, type Options } from "./option-types.ts";

/** The note at the end of every help text. */
const HELP_NOTE = "Write -- before --help. Without it, nx shows its own help.";

/**
 * If a command has more flags than this, the help shows them in groups.
 *
 * @internal
 */
export const UNGROUPED_FLAGS = 10;

/** Width of the help, in columns, if standard output is not a terminal. */
const USUAL_COLUMNS = 80;
/** Largest width of the help, in columns; longer lines are hard to read. */
const MOST_COLUMNS = 120;
/**
 * Largest width of a flag, in columns, with its text beside it; the text of a wider flag is below
 * it.
 */
const FLAG_COLUMNS = 32;
/** Smallest width of the texts beside the flags, in columns; if there is less room, all are below. */
const LEAST_TEXT_COLUMNS = 24;

/** The help of a package: the list of its commands. */
export function packageHelp(program: Program, columns = process.stdout.columns): string {
  const width = linesOf(columns);
  return [
    wrap(`${program.name}: ${program.summary}`, width),
    "",
    ...table(
      program.commands.map((command) => [command.name, command.summary]),
      width,
    ),
    "",
    `usage: npx nx run ${program.name}:<command> [flags]`,
    `help:  npx nx run ${program.name}:<command> -- --help`,
    "",
    wrap(HELP_NOTE, width),
    "",
  ].join("\n");
}

/**
 * The help of a command: what it does, its flags, and examples.
 *
 * @param columns the width of the lines; only examples may be longer. Default the terminal's width.
 */
export function commandHelp(
  program: Program,
  command: Command,
  columns = process.stdout.columns,
): string {
  const width = linesOf(columns);
  const { positional } = command;
  const argument = positional
    ? ` ${positional.required ? positional.name : `[${positional.name}]`}${positional.list ? "…" : ""}`
    : "";
  return [
    wrap(`${nameInHelp(program, command)}: ${command.summary}`, width),
    ...(command.details === undefined ? [] : ["", wrap(asTyped(command.details), width)]),
    "",
    asTyped(`usage: npx nx run ${program.name}:${command.name}${argument} [flags]`),
    "",
    ...flags(command, width),
    "",
    command.examples.length > 1 ? "examples:" : "example:",
    ...command.examples.map((example) => `  ${asTyped(example)}`),
    "",
    ...(isStartedByNx() ? [wrap(HELP_NOTE, width), ""] : []),
  ].join("\n");
}

/** `train:fit`, or `mien fit`. */
function nameInHelp(program: Program, command: Command): string {
  const typed = `npx nx run ${program.name}:${command.name}`;
  return asTyped(typed).replace(/^npx (nx run )?/, "");
}

/** The lines about the argument and the flags; many flags are grouped under headings. */
function flags({ positional, options }: Command, width: number): string[] {
  const all: Options = { ...options, ...commonOptions };
  const rows = Object.entries(all).map(([name, option]): [string, string, string] => {
    return [option.group ?? "other", flagWithValue(name, option), describe(option)];
  });
  const argument: [string, string][] = positional
    ? [[positional.name, withNotes(positional.description, [defaultOf(positional)])]]
    : [];
  const entries = rows.map(([, flag, text]): [string, string] => [flag, text]);
  if (rows.length <= UNGROUPED_FLAGS) return table([...argument, ...entries], width);
  const column = columnOf([...argument, ...entries]);
  const groups = [...new Set(rows.map(([group]) => group))].map((group) => {
    const members = entries.filter((_, i) => rows[i]?.[0] === group);
    return [`${group}:`, ...table(members, width, column)];
  });
  const blocks = argument.length > 0 ? [table(argument, width, column), ...groups] : groups;
  return blocks.flatMap((block, i) => (i === 0 ? block : ["", ...block]));
}

function columnOf(rows: readonly (readonly [string, string])[]): number {
  return Math.min(FLAG_COLUMNS, Math.max(...rows.map(([name]) => name.length)));
}

/** Lines of names and their texts; each further line of a wrapped text is indented like the first. */
function table(
  rows: readonly (readonly [string, string])[],
  width: number,
  column = columnOf(rows),
): string[] {
  const beside = width - column - 4;
  return rows.map(([name, text]) => {
    if (beside < LEAST_TEXT_COLUMNS) return `  ${name}\n${indent(text, width, 6)}`;
    const lines = indent(text, width, column + 4);
    if (name.length > column) return `  ${name}\n${lines}`;
    return `  ${name.padEnd(column)}  ${lines.slice(column + 4)}`;
  });
}

function indent(text: string, width: number, blanks: number): string {
  const start = " ".repeat(blanks);
  return wrapAnsi(text, width - blanks)
    .split("\n")
    .map((line) => start + line)
    .join("\n");
}

/** Wraps each line at words; a line of a list continues below the text after its name. */
function wrap(text: string, width: number): string {
  const lines = text.split("\n").map((line) => {
    const start = /^ +(?:\S+(?: \S+)* {2,})?/.exec(line)?.[0] ?? "";
    return start + indent(line.slice(start.length), width, start.length).slice(start.length);
  });
  return lines.join("\n");
}

function linesOf(columns: number | undefined): number {
  return Math.min(columns || USUAL_COLUMNS, MOST_COLUMNS);
}

function flagWithValue(name: string, option: Option): string {
  if (option.type === "boolean")
    return option.default === true ? `--no-${flagOf(name).slice(2)}` : flagOf(name);
  return `${flagOf(name)} ${option.placeholder ?? usualPlaceholder(option)}`;
}

function usualPlaceholder(option: Option): string {
  if (option.type !== "string") return "N";
  return option.choices === undefined ? "TEXT" : "NAME";
}

/** The text of a flag: its description, unit, range and default, or that it is required. */
function describe(option: Option): string {
  const range = option.type === "string" ? option.choices?.join(" | ") : undefined;
  const required = option.type === "string" && option.required ? "required" : undefined;
  const number = "unit" in option ? [option.unit ?? undefined, rangeOf(option)] : [];
  return withNotes(option.description, [...number, range, required, defaultOf(option)]);
}

function rangeOf({ min, max }: { readonly min?: number; readonly max?: number }) {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? undefined : `at most ${max}`;
}

function defaultOf(of: Pick<Option, "default" | "defaultText">): string | undefined {
  const text = typeof of.default === "boolean" ? undefined : (of.default ?? of.defaultText);
  return text === undefined ? undefined : `default: ${text}`;
}

function withNotes(description: string, notes: readonly (string | undefined)[]): string {
  const known = notes.filter((note) => note !== undefined);
  return asTyped(description + (known.length > 0 ? ` (${known.join("; ")})` : ""));
}
