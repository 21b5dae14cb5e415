/** A setting whose value is a number. */
export interface NumberSetting {
  readonly type: "integer" | "number";
  /** Its meaning, in one sentence. */
  readonly description: string;
  /** Unit of the value; null for a number without one. */
  readonly unit: string | null;
  /** Smallest value. */
  readonly min: number;
  /** Largest value; Infinity where there is none. */
  readonly max: number;
  /** Whether `min` and `max` themselves are excluded. Default false. */
  readonly exclusive?: boolean;
  /** The default value; if it depends on the detector, a value for each kind of detector. */
  readonly default: number | DefaultByDetector;
}

/** The default of a setting that depends on the kind of the face detector. */
export interface DefaultByDetector {
  /** For the tiny face detector. */
  readonly tiny: number;
  /** For YuNet. */
  readonly yunet: number;
}

/** A setting that is on or off. */
export interface BooleanSetting {
  readonly type: "boolean";
  /** Its meaning, in one sentence. */
  readonly description: string;
  /** Value where none is given. */
  readonly default: boolean;
}

/** A setting whose value is a word. */
export interface StringSetting {
  readonly type: "string";
  /** Its meaning, in one sentence. */
  readonly description: string;
  /** Every possible value; without it any text is possible. */
  readonly choices?: readonly string[];
  /** Value where none is given. */
  readonly default: string;
}

/** One setting: its meaning, its possible values and its default. */
export type Setting = NumberSetting | BooleanSetting | StringSetting;

/** Settings by name; a group of settings is a table of its own. */
export interface SettingsTable {
  readonly [name: string]: Setting | SettingsTable;
}

/** The value that a setting takes. */
export type SettingValue<S> = S extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : S extends BooleanSetting
    ? boolean
    : S extends StringSetting
      ? string
      : number;

/** The options that a table of settings describes: each may be left out, or be undefined. */
export type OptionsOf<Table> = {
  readonly [Name in keyof Table]?:
    (Table[Name] extends Setting ? SettingValue<Table[Name]> : OptionsOf<Table[Name]>) | undefined;
};

/** The options that a table of settings describes, with every value decided. */
export type ResolvedOptions<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting
    ? SettingValue<Table[Name]>
    : ResolvedOptions<Table[Name]>;
};
