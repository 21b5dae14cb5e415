/**
 * A setting of the server that the page can show and change. All pages of a server share it: it changes
 * what the server computes.
 */
export interface SettingField {
  /** Name in `/api/settings`; the flag of `app:live` has the same name. */
  readonly name: string;
  /** Heading under which it is shown. */
  readonly group: string;
  /** Its meaning, without a full stop. */
  readonly description: string;
  /** `choice`: one of `choices`; `text`: any text. */
  readonly type: "integer" | "number" | "boolean" | "choice" | "text";
  /** Unit of a number; null for a number without one and for other types. */
  readonly unit: string | null;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly choices?: readonly SettingChoice[] | undefined;
  /** The default in words. */
  readonly defaultText: string;
  /** The value that was chosen; null for the default. */
  readonly value: SettingValue | null;
}

/** A value that a setting can take. */
export interface SettingChoice {
  readonly value: string;
  /** The text to show. */
  readonly label: string;
}

export type SettingValue = string | number | boolean;

/** The answer of `/api/settings`. */
export interface SettingsSummary {
  readonly fields: readonly SettingField[];
  /** The file in which the server stores what was changed on a page. */
  readonly file: string;
}
