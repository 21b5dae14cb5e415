import { toPersonName } from "@mien/format";

/** Whether a stored text is this name, in any spelling that Unicode regards as the same. */
export function isNamed(stored: unknown, name: string): boolean {
  return typeof stored === "string" && toPersonName(stored) === toPersonName(name);
}

/**
 * Whether a text that was cut off contains a name, or ends in the middle of it.
 *
 * @param name as it is written in the text, without quotes.
 * @param openings texts that may come before it.
 */
export function endsInside(text: string, name: string, openings: readonly string[]): boolean {
  return openings.some((opening) => {
    if (text.includes(opening + name)) return true;
    const lengths = Array.from({ length: name.length }, (_, i) => i + 1);
    return lengths.some((length) => text.endsWith(opening + name.slice(0, length)));
  });
}
