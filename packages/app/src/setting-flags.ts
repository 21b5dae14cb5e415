import type { BooleanSetting, NumberSetting, StringSetting } from "@mien/runtime";

/** Properties that a flag adds to its setting or replaces. */
interface FlagText {
  /** The heading of the flag in `--help`. */
  readonly group: string;
  /** Default the description of the setting. */
  readonly description?: string;
  /** For a setting that is any text: the name of its value in `--help`. */
  readonly placeholder?: string;
}

/** Limits of a number flag that are narrower than the limits of its setting. */
interface NumberLimits {
  readonly min?: number;
  readonly max?: number;
  /** Whether only whole numbers are allowed, although the setting takes others. */
  readonly whole?: boolean;
}

type ChoiceSetting = StringSetting & { readonly choices: readonly string[] };

/** The flag of a setting that is on or off. */
export interface SwitchFlag {
  readonly type: "boolean";
  readonly description: string;
  readonly group: string;
  readonly default: boolean;
}

/** The flag of a setting with a few choices. */
export interface ChoiceFlag<Choices extends readonly string[]> {
  readonly type: "string";
  readonly description: string;
  readonly group: string;
  readonly choices: Choices;
  readonly defaultText: string;
}

/** The flag of a setting that is any text. */
export interface TextFlag {
  readonly type: "string";
  readonly description: string;
  readonly group: string;
  readonly placeholder: string;
}

/** The flag of a number. */
export interface NumberFlag {
  readonly type: "number" | "integer";
  readonly description: string;
  readonly group: string;
  readonly unit: string | null;
  readonly min: number;
  readonly max?: number;
  readonly defaultText: string;
}

/**
 * Makes a flag of a pipeline setting: meaning, unit, range, choices and default come from the table
 * of settings. A flag of a number or a choice has no value unless it is given, so that only given
 * values are passed on; `--help` shows the default that the pipeline takes then.
 */
export function settingFlag(setting: NumberSetting, flag: FlagText & NumberLimits): NumberFlag;
export function settingFlag(setting: BooleanSetting, flag: FlagText): SwitchFlag;
export function settingFlag<const S extends ChoiceSetting>(
  setting: S,
  flag: FlagText,
): ChoiceFlag<S["choices"]>;
export function settingFlag(
  setting: StringSetting,
  flag: FlagText & { readonly placeholder: string },
): TextFlag;
export function settingFlag(
  setting: NumberSetting | BooleanSetting | StringSetting,
  {
    group,
    description = setting.description,
    placeholder = "",
    min,
    max,
    whole = false,
  }: FlagText & NumberLimits,
): NumberFlag | SwitchFlag | ChoiceFlag<readonly string[]> | TextFlag {
  if (setting.type === "boolean") {
    return { type: "boolean", default: setting.default, description, group };
  }
  if (setting.type === "string") {
    const { choices } = setting;
    if (choices === undefined) return { type: "string", placeholder, description, group };
    return { type: "string", choices, defaultText: setting.default, description, group };
  }
  const largest = max ?? setting.max;
  return {
    type: whole ? "integer" : setting.type,
    unit: setting.unit,
    min: min ?? setting.min,
    ...(largest === Infinity ? {} : { max: largest }),
    defaultText: defaultText(setting.default),
    description,
    group,
  };
}

function defaultText(value: NumberSetting["default"]): string {
  return typeof value === "number"
    ? String(value)
    : `${value.yunet}, with a tiny face detector ${value.tiny}`;
}

/** An object without the properties that are undefined. */
export type Given<Type> = { readonly [Key in keyof Type]?: Exclude<Type[Key], undefined> };

/** Leaves out the flags that were not given, so that their defaults apply. */
export function given<Type extends object>(values: Type): Given<Type> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<Type>;
}
