import { MienError } from "../errors.ts";

/** The longest name, in UTF-16 units as JavaScript and HTML count them. */
export const LONGEST_NAME = 100;

/** Names that the page and the reports give to people who are not recognised. */
const STRANGER = /^(unknown(, track)?|faces?)( \p{N}+)?$/iu;
/** Names of devices on Windows, with or without an ending. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/iu;

/**
 * U+200C and U+200D separate and join letters in Persian, Hindi, Sinhala and other languages; variation
 * selectors choose the form of a Chinese character or a Mongolian letter. After a letter or a mark
 * they are part of a name; anywhere else they are invisible.
 */
const JOINED = /(?<=[\p{L}\p{M}])[\u200c\u200d\p{Variation_Selector}]/gu;

/** Characters that a name must not contain, with their description in error messages. */
const FORBIDDEN: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/[\n\v\f\r\u0085\u2028\u2029]/u, "a line break"],
  [/\t/u, "a tab"],
  [/\p{Cc}/u, "a control character"],
  [
    /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u,
    "a character that changes or reverses the text's direction",
  ],
  [/[\p{Cf}\p{Default_Ignorable_Code_Point}]/u, "an invisible character"],
  [/[\p{Cs}\p{Noncharacter_Code_Point}]/u, "half a character, which cannot be stored"],
  [/[/\\]/u, "a slash, which separates the names of folders"],
  [/[<>]/u, "an angle bracket, which begins a tag in pages"],
  [/[:"|?*]/u, 'one of : " | ? *, which are not allowed in the names of files'],
];

/**
 * Normalises a name to the form in which names are stored and compared: composed letters (NFC), so
 * that two encodings of one name are equal; a single space in place of any white space; no white
 * space at the ends.
 */
export function toPersonName(text: string): string {
  return text
    .normalize("NFC")
    .replace(/\p{Zs}+/gu, " ")
    .replace(/^ | $/g, "");
}

/**
 * Describes what is wrong with a name, as the end of a sentence: `it contains a line break`.
 *
 * Letters and marks of every script, digits, punctuation and symbols are allowed. Characters that can
 * harm files, terminals or pages are not: see `FORBIDDEN`. Inside a word, the characters of Unicode
 * Standard Annex 31 are allowed (apostrophes, hyphens, the middle dot, U+200C and U+200D).
 *
 * @param name from `toPersonName`.
 * @returns undefined if nothing is wrong.
 */
export function personNameProblem(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > LONGEST_NAME) return `it is longer than ${LONGEST_NAME} characters`;
  const bare = name.replace(JOINED, "");
  const forbidden = FORBIDDEN.find(([pattern]) => pattern.test(bare));
  if (forbidden !== undefined) return `it contains ${forbidden[1]}`;
  if (!/[\p{L}\p{N}]/u.test(name)) return "it has no letter and no digit";
  if (/^-/.test(name)) return "it begins with a dash, so commands would read it as a flag";
  if (/^\./.test(name)) return "it begins with a dot, so its files would be hidden";
  if (/^\p{M}/u.test(name)) return "it begins with an accent that has no letter";
  if (DEVICE.test(name)) return "Windows reserves this name for a device";
  if (STRANGER.test(name)) return "it is a name for people who are not recognised";
  return undefined;
}

/**
 * Checks a name and normalises it with `toPersonName`.
 *
 * @throws {MienError} `usage` saying what is wrong with it.
 */
export function checkPersonName(given: unknown): string {
  const name = typeof given === "string" ? toPersonName(given) : "";
  const problem = typeof given === "string" ? personNameProblem(name) : "expected a text";
  if (problem === undefined) return name;
  throw new MienError("usage", `this cannot be a name: ${problem}`, {
    advice: "Use letters of any script, digits, spaces, and - ' . , _ ( ) inside.",
  });
}
