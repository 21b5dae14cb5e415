import type { SettingField, SettingValue } from "../../settings.ts";

/** The title of a setting: `input size` for `inputSize`. */
export function fieldTitle(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Meaning, unit, range and default of a setting, as `--help` shows them. */
export function fieldNote({
  description,
  unit,
  min,
  max,
  defaultText,
  type,
}: SettingField): string {
  const range =
    min !== undefined && max !== undefined
      ? `${min} to ${max}`
      : min === undefined
        ? undefined
        : `at least ${min}`;
  const notes = [unit, range, type === "boolean" ? undefined : `default: ${defaultText}`];
  const known = notes.filter((note) => note !== null && note !== undefined);
  return description + (known.length > 0 ? ` (${known.join("; ")})` : "");
}

/** The value that a person typed; null for the default. */
export function readField({ type }: SettingField, text: string): SettingValue | null {
  const typed = text.trim();
  if (typed === "") return null;
  return type === "text" || Number.isNaN(Number(typed)) ? typed : Number(typed);
}
