/**
 * Fields that all options have. An option is named `learningRate` in code; its flag is
 * `--learning-rate`.
 */
interface AnyOption {
  /**
   * Meaning of the option for `--help`, with a capital letter and without a full stop. `--help`
   * adds unit, range and default from the fields below. A boolean whose default is true is shown as
   * `--no-…`, so the description says what `--no-…` does.
   */
  readonly description: string;
  /** The name of the value in `--help`, for example FILE. */
  readonly placeholder?: string;
  /** For a computed default: a description that `--help` shows. Not used if there is a `default`. */
  readonly defaultText?: string;
  /** The heading above this flag in the `--help` of a command with many flags. */
  readonly group?: string;
  /** Whether it is an error to give the flag twice. Default false: the last value counts. */
  readonly once?: boolean;
}

interface TextOption extends AnyOption {
  readonly type: "string";
  readonly default?: string;
  /** Whether the flag must be given; then it has no default. Default false. */
  readonly required?: boolean;
  /** The allowed texts. */
  readonly choices?: readonly string[];
}

interface NumberOption extends AnyOption {
  readonly type: "number" | "integer";
  readonly default?: number;
  /** The unit, for example `seconds`, `images` or `share`; null for a number without a unit. */
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

/** An argument without a flag. */
export interface Positional {
  readonly name: string;
  /** Meaning of the argument, in the form of an option's description. */
  readonly description: string;
  /** The default in words. */
  readonly defaultText?: string;
  /** Whether the argument must be given. Default false. */
  readonly required?: boolean;
  /** Whether several arguments may be given. Default false: at most one. */
  readonly list?: boolean;
}

/** The options of a command by name. */
export type Options = Readonly<Record<string, Option>>;

/** The type of an option's value: one of its choices, or any value of its type. */
type ValueOf<O extends Option> = O extends { choices: readonly (infer Choice)[] }
  ? Choice
  : O extends { type: "boolean" }
    ? boolean
    : O extends { type: "string" }
      ? string
      : number;

/** The checked values of a command's options; undefined if an option has neither value nor default. */
export type OptionValues<O extends Options> = {
  readonly [K in keyof O]: O[K] extends
    { default: unknown } | { required: true } | { type: "boolean" }
    ? ValueOf<O[K]>
    : ValueOf<O[K]> | undefined;
};

/** The flag of an option: `--learning-rate` for `learningRate`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
