/**
 * Makes text from an untrusted file or user safe for a terminal: control characters, characters that
 * change the direction of writing, line separators and unpaired surrogates become escapes (`\n`,
 * `\u202e`); other characters do not change.
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const short = SHORT_ESCAPES[character];
    if (short !== undefined) return short;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
