import { MienError, nearestName } from "@mien/format";
import { parseArgs, type ArgsDef } from "citty";
import { flagOf, type Option, type Options, type Positional } from "./option-types.ts";

/**
 * Parses the command line of a command. A flag or an argument that the command does not declare is
 * an error.
 *
 * @param argv the words after the command's name.
 * @returns the checked values by option name, with defaults, and the arguments without a flag.
 * @throws {MienError} `usage` for an unknown flag (the message suggests the most similar known
 *   flag), a flag that is missing or has no value, a value of the wrong type or out of range, or
 *   too many arguments, or a flag given twice that may be given once. The message names the first of several errors.
 */
export function parseOptions(
  argv: readonly string[],
  options: Options,
  positional?: Positional,
): { values: Record<string, unknown>; positionals: string[] } {
  // A dash alone means standard input, and negative numbers are values.
  const isFlag = (word: string) => /^-(?!\.?\d|$)/.test(word) && word !== "--";
  const args: ArgsDef = {};
  for (const [name, option] of Object.entries(options)) {
    // citty gets no defaults, because it would not tell whether the flag was given. Defaults are
    // added below.
    args[name] = { type: option.type === "boolean" ? "boolean" : "string" };
  }
  const given = new Set<string>();
  let isValue = false;
  for (const [i, word] of argv.entries()) {
    if (isValue) {
      isValue = false;
      continue;
    }
    if (word === "--") break;
    if (!isFlag(word)) continue;
    const [flag = word] = word.split("=", 1);
    const [name, option] = findOption(flag, options);
    if (given.has(name) && option.once === true) {
      throw new MienError("usage", `${flag} is given twice`, {
        advice: `Write ${flag} once, and run the command once for each value.`,
      });
    }
    given.add(name);
    if (option.type === "boolean" || word.includes("=")) continue;
    const value = argv[i + 1];
    if (value === undefined || isFlag(value)) {
      throw new MienError("usage", `${flag} needs a value`, {
        advice: `Write ${flag} ${option.placeholder ?? "VALUE"}.`,
      });
    }
    isValue = true;
  }
  const parsed: { readonly _: string[]; readonly [name: string]: unknown } = parseArgs(
    [...argv],
    args,
  );
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) {
    if (given.has(name)) values[name] = checkValue(flagOf(name), option, parsed[name]);
    else if (option.type === "string" && option.required) throw missing(name, option);
    else values[name] = option.default ?? (option.type === "boolean" ? false : undefined);
  }
  checkPositionals(parsed._, positional);
  return { values, positionals: parsed._ };
}

function missing(name: string, option: Option): MienError {
  const flag = flagOf(name);
  return new MienError("usage", `${flag} is missing`, {
    advice: `Write ${flag} ${option.placeholder ?? "TEXT"}. ${option.description}.`,
  });
}

/** Finds the option of a flag, also of a flag `--no-…`. Throws if there is no such option. */
function findOption(flag: string, options: Options): readonly [string, Option] {
  const camel = flag.replace(/^-+/, "").replace(/-([a-z])/g, (_, l: string) => l.toUpperCase());
  // citty silently drops the value of a flag that is written with another number of dashes.
  const candidates = /^--[^-]/.test(flag)
    ? [camel, camel.replace(/^no([A-Z])/, (_, l: string) => l.toLowerCase())]
    : [];
  for (const name of candidates) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option && (name === camel || option.type === "boolean")) return [name, option];
  }
  const known = Object.entries(options).flatMap(([name, { type }]) => {
    const word = flagOf(name).slice(2);
    return type === "boolean" ? [word, `no-${word}`] : [word];
  });
  const nearest = nearestName(flag.replace(/^-+/, ""), known);
  const hint = nearest === undefined ? "" : ` Did you mean --${nearest}?`;
  throw new MienError("usage", `unknown flag ${flag}.${hint}`, {
    advice: "Add `-- --help` to see every flag.",
  });
}

function checkValue(flag: string, option: Option, value: unknown): unknown {
  const wrong = (expected: string): never => {
    throw new MienError("usage", `${flag} must be ${expected}, found "${String(value)}"`);
  };
  if (option.type === "boolean") return value === true;
  const text: unknown = Array.isArray(value) ? value.at(-1) : value;
  if (option.type === "string") {
    if (option.choices && !option.choices.includes(String(text))) {
      return wrong(`one of ${option.choices.join(", ")}`);
    }
    return text === "" ? wrong("a text that is not empty") : text;
  }
  const number = Number(text);
  const kind = option.type === "integer" ? "a whole number" : "a number";
  const { min = -Infinity, max = Infinity } = option;
  const range =
    min > -Infinity && max < Infinity
      ? ` from ${min} to ${max}`
      : min > -Infinity
        ? ` of at least ${min}`
        : max < Infinity
          ? ` of at most ${max}`
          : "";
  const wellFormed = String(text).trim() !== "" && Number.isFinite(number);
  if (!wellFormed || (option.type === "integer" && !Number.isSafeInteger(number))) {
    return wrong(kind + range);
  }
  return number < min || number > max ? wrong(kind + range) : number;
}

function checkPositionals(found: readonly string[], positional: Positional | undefined): void {
  const allowed = positional === undefined ? 0 : positional.list ? Infinity : 1;
  if (found.length > allowed) {
    throw new MienError("usage", `unexpected argument "${found[allowed] ?? ""}"`, {
      advice: "Add `-- --help` to see how the command is used.",
    });
  }
  if (positional?.required && found.length === 0) {
    throw new MienError("usage", `missing ${positional.name}: ${positional.description}`);
  }
}
