import { MienError, nearestName } from "@mien/format";
import { parseArgs, type ArgsDef } from "citty";

/** What every flag has. Flags are written `--learning-rate`, options are named `learningRate`. */
interface AnyOption {
  /**
   * The meaning, for `--help`; begins with a capital letter and has no full stop at its end. `--help`
   * adds unit, range and default from the fields below. A boolean whose default is true appears as
   * `--no-…`, so its description says what that does.
   */
  readonly description: string;
  /** What stands for the value in `--help`, e.g. FILE. */
  readonly placeholder?: string;
  /** A default that is computed, in words; `--help` shows it like `default`, which takes precedence. */
  readonly defaultText?: string;
  /** The heading under which the `--help` of a command with many flags shows this one. */
  readonly group?: string;
}

interface TextOption extends AnyOption {
  readonly type: "string";
  readonly default?: string;
  /** Whether the command cannot go without; such a flag has no default. */
  readonly required?: boolean;
  /** The only texts allowed. */
  readonly choices?: readonly string[];
}

interface NumberOption extends AnyOption {
  readonly type: "number" | "integer";
  readonly default?: number;
  /** What is counted or measured, e.g. `seconds`, `images` or `share`; null for a bare number. */
  readonly unit: string | null;
  /** Smallest number allowed. */
  readonly min?: number;
  /** Largest number allowed. */
  readonly max?: number;
}

interface SwitchOption extends AnyOption {
  readonly type: "boolean";
  readonly default?: boolean;
}

/** One flag of a command. */
export type Option = TextOption | NumberOption | SwitchOption;

/** An argument that stands without a flag; a list takes all that are left. */
export interface Positional {
  readonly name: string;
  /** As an option's description. */
  readonly description: string;
  /** What is taken if none is given, in words. */
  readonly defaultText?: string;
  readonly required?: boolean;
  readonly list?: boolean;
}

/** The flags of a command by option name. */
export type Options = Readonly<Record<string, Option>>;

type ValueOf<Type> = Type extends "boolean" ? boolean : Type extends "string" ? string : number;

/** The checked values of a command's flags: undefined where a flag has neither value nor default. */
export type OptionValues<O extends Options> = {
  readonly [K in keyof O]: O[K] extends
    { default: unknown } | { required: true } | { type: "boolean" }
    ? ValueOf<O[K]["type"]>
    : ValueOf<O[K]["type"]> | undefined;
};

/** Flags that mean the same in every command. */
export const commonOptions = {
  json: {
    type: "string",
    placeholder: "FILE",
    description: "Also write the complete result to this JSON file",
    group: "output",
  },
} as const satisfies Options;

/** `--out`, for commands that write a folder. */
export function outOption(description: string, defaultFolder?: string) {
  return {
    type: "string",
    placeholder: "DIR",
    description,
    group: "output",
    ...(defaultFolder === undefined ? {} : { default: defaultFolder }),
  } as const;
}

/** `--csv`, for commands that read a data set; see `locateDataset` in the data package. */
export const csvOption = {
  type: "string",
  placeholder: "FILE",
  description: "Data set, as .csv or .csv.gz",
  defaultText:
    "fer2013.csv[.gz] in the folder MIEN_DATA; if that is not set, the data set in datasets/",
  group: "data",
} as const satisfies Option;

/** `--learning-rate` for `learningRate`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Reads a command line against its declaration; nothing passes that was not declared.
 *
 * @param argv the words after the command's name.
 * @throws {MienError} `usage` naming the first unknown flag (with the nearest known one), missing
 * value or flag, value of the wrong type or out of range, or surplus argument.
 */
export function parseOptions(
  argv: readonly string[],
  options: Options,
  positional?: Positional,
): { values: Record<string, unknown>; positionals: string[] } {
  // A lone dash is standard input, and negative numbers are values.
  const isFlag = (word: string) => /^-(?!\.?\d|$)/.test(word) && word !== "--";
  const args: ArgsDef = {};
  for (const [name, option] of Object.entries(options)) {
    // A default would hide from us whether the flag was given, so it is filled in below.
    args[name] = { type: option.type === "boolean" ? "boolean" : "string" };
  }
  const given = new Set<string>();
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] as string;
    if (word === "--") break;
    if (!isFlag(word)) continue;
    const flag = word.split("=", 1)[0] as string;
    const name = nameOf(flag, options);
    given.add(name);
    const option = options[name] as Option;
    if (option.type === "boolean" || word.includes("=")) continue;
    const value = argv[i + 1];
    if (value === undefined || isFlag(value)) {
      throw new MienError("usage", `${flag} needs a value`, {
        advice: `Write ${flag} ${option.placeholder ?? "VALUE"}.`,
      });
    }
    i++;
  }
  const parsed = parseArgs([...argv], args) as Record<string, unknown> & { _: string[] };
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

function nameOf(flag: string, options: Options): string {
  const camel = flag.replace(/^-+/, "").replace(/-([a-z])/g, (_, l: string) => l.toUpperCase());
  // citty reads other numbers of dashes as something else, and the value would be lost in silence.
  const candidates = /^--[^-]/.test(flag)
    ? [camel, camel.replace(/^no([A-Z])/, (_, l: string) => l.toLowerCase())]
    : [];
  for (const name of candidates) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option && (name === camel || option.type === "boolean")) return name;
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
    if (option.choices && !option.choices.includes(text as string)) {
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
