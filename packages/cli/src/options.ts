import { MienError } from "@mien/format";
import { parseArgs, type ArgsDef } from "citty";

/** One flag of a command. Flags are written `--learning-rate`, options are named `learningRate`. */
export interface Option {
  readonly type: "string" | "number" | "integer" | "boolean";
  /**
   * One line for `--help`: meaning and unit. A boolean whose default is true appears as `--no-…`, so
   * its description says what that does. Range and default are added from the fields below.
   */
  readonly description: string;
  /** What stands for the value in `--help`, e.g. FILE. */
  readonly placeholder?: string;
  readonly default?: string | number | boolean;
  /** Smallest number allowed. */
  readonly min?: number;
  /** Largest number allowed. */
  readonly max?: number;
  /** The only texts allowed. */
  readonly choices?: readonly string[];
}

/** An argument that stands without a flag; a list takes all that are left. */
export interface Positional {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly list?: boolean;
}

/** The flags of a command by option name. */
export type Options = Readonly<Record<string, Option>>;

type ValueOf<Type> = Type extends "boolean" ? boolean : Type extends "string" ? string : number;

/** The checked values of a command's flags: undefined where a flag has neither value nor default. */
export type OptionValues<O extends Options> = {
  readonly [K in keyof O]: O[K] extends { default: unknown } | { type: "boolean" }
    ? ValueOf<O[K]["type"]>
    : ValueOf<O[K]["type"]> | undefined;
};

/** Flags that mean the same in every command. */
export const commonOptions = {
  json: {
    type: "string",
    placeholder: "FILE",
    description: "also write the whole result as JSON to FILE",
  },
} as const satisfies Options;

/** `--out`, for commands that write a folder. */
export function outOption(description: string, defaultFolder?: string) {
  return {
    type: "string",
    placeholder: "DIR",
    description,
    ...(defaultFolder === undefined ? {} : { default: defaultFolder }),
  } as const;
}

/** `--csv`, for commands that read a data set; see `locateDataset` in the data package. */
export const csvOption = {
  type: "string",
  placeholder: "FILE",
  description:
    "data set, .csv or .csv.gz; otherwise looked for in MIEN_DATA, or in datasets/ if that is not set",
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
 * value, value of the wrong type or out of range, or surplus argument.
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
    else values[name] = option.default ?? (option.type === "boolean" ? false : undefined);
  }
  checkPositionals(parsed._, positional);
  return { values, positionals: parsed._ };
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
  const known = Object.keys(options).map(flagOf);
  const nearest = known
    .map((candidate) => ({ candidate, distance: editDistance(flag, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint = nearest && nearest.distance <= 3 ? ` Did you mean ${nearest.candidate}?` : "";
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

/** Levenshtein distance: the fewest insertions, deletions and substitutions from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(
        Math.min(substitute, (previous[j] as number) + 1, (current[j - 1] as number) + 1),
      );
    }
    previous = current;
  }
  return previous[b.length] as number;
}
