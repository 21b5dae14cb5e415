import wrapAnsi from "wrap-ansi";
import type { Command } from "./command.ts";
import { commonOptions, flagOf, type Option } from "./options.ts";
import type { Program } from "./run.ts";

/** Stands below every help text. */
const HELP_NOTE = "Write -- before --help. Without it, nx shows its own help.";

/** The list of a package's commands, for `--help` without a command. */
export function packageHelp(program: Program): string {
  const width = Math.max(...program.commands.map((command) => command.name.length));
  return [
    `${program.name}: ${program.summary}`,
    "",
    ...program.commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    `usage: npx nx run ${program.name}:<command> [flags]`,
    `help:  npx nx run ${program.name}:<command> -- --help`,
    "",
    HELP_NOTE,
    "",
  ].join("\n");
}

/** What one command does, takes and writes, with examples. */
export function commandHelp(
  program: Program,
  command: Command,
  columns: number | undefined = process.stdout.columns,
): string {
  const { positional } = command;
  const argument = positional
    ? ` ${positional.required ? positional.name : `[${positional.name}]`}${positional.list ? "…" : ""}`
    : "";
  const entries: [string, string][] = Object.entries({ ...command.options, ...commonOptions }).map(
    ([name, option]) => [flagWithValue(name, option), describe(option)],
  );
  if (positional) entries.unshift([positional.name, positional.description]);
  const width = Math.min(32, Math.max(...entries.map(([flag]) => flag.length)));
  return [
    `${program.name}:${command.name}: ${command.summary}`,
    ...(command.details === undefined ? [] : ["", command.details]),
    "",
    `usage: npx nx run ${program.name}:${command.name}${argument} [flags]`,
    "",
    ...entries.map(([flag, text]) => entry([flag, text], width, columns)),
    "",
    command.examples.length > 1 ? "examples:" : "example:",
    ...command.examples.map((example) => `  ${example}`),
    "",
    HELP_NOTE,
    "",
  ].join("\n");
}

/** A flag and its text, wrapped at words within the terminal and indented below itself. */
function entry(
  [flag, text]: readonly [string, string],
  width: number,
  terminal: number | undefined,
): string {
  const columns = (terminal || Infinity) - width - 4;
  const [indent, start] = [" ".repeat(width + 4), `  ${flag.padEnd(width)}  `];
  // Below this, a column of text beside the flags would be a word wide.
  if (columns < 24) return `  ${flag}\n      ${text}`;
  if (columns === Infinity) return start + text;
  return start + wrapAnsi(text, columns).replaceAll("\n", `\n${indent}`);
}

function flagWithValue(name: string, option: Option): string {
  if (option.type === "boolean")
    return option.default === true ? `--no-${flagOf(name).slice(2)}` : flagOf(name);
  return `${flagOf(name)} ${option.placeholder ?? (option.type === "string" ? "TEXT" : "N")}`;
}

function describe(option: Option): string {
  const range =
    option.choices?.join(" | ") ??
    (option.min !== undefined && option.max !== undefined
      ? `${option.min} to ${option.max}`
      : option.min !== undefined
        ? `at least ${option.min}`
        : undefined);
  const notes = [
    range,
    typeof option.default === "boolean" || option.default === undefined
      ? undefined
      : `default ${option.default}`,
  ];
  const known = notes.filter((note) => note !== undefined);
  return option.description + (known.length > 0 ? ` (${known.join("; ")})` : "");
}
