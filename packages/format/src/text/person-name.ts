import { MienError } from "../errors.ts";

/** The longest name, in UTF-16 units as JavaScript and HTML count them. */
export const LONGEST_NAME = 100;

/** As the page and the reports call people whom they do not know. */
const STRANGER = /^(unknown(, track)?|faces?)( \p{N}+)?$/iu;
/** Names of devices on Windows, also with an ending. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/iu;

/**
 * U+200C and U+200D join and part letters in Persian, Hindi, Sinhala and others; variation
 * selectors choose the form of a Chinese character or a Mongolian letter. They are part of a name
 * after a letter or a mark, and invisible anywhere else.
 */
const JOINED = /(?<=[\p{L}\p{M}])[\u200c\u200d\p{Variation_Selector}]/gu;

/** What a name may not hold, each with the words for it. */
const DANGERS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/[\n\v\f\r\u0085\u2028\u2029]/u, "a line break"],
  [/\t/u, "a tab"],
  [/\p{Cc}/u, "a control character"],
  [
    /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u,
    "a character that changes or reverses the text's direction",
  ],
  [/[\p{Cf}\p{Default_Ignorable_Code_Point}]/u, "an invisible character"],
  [/[\p{Cs}\p{Noncharacter_Code_Point}]/u, "half a character, which cannot be stored"],
  [/[/\\]/u, "a slash, which parts the names of folders"],
  [/[<>]/u, "an angle bracket, which begins a tag in pages"],
  [/[:"|?*]/u, 'one of : " | ? *, which are not allowed in the names of files'],
];

/**
 * A name in the one form in which names are stored and compared: composed (NFC), so that two
 * spellings of a letter are one name; blanks of every kind are single spaces; none at the ends.
 */
export function toPersonName(text: string): string {
  return text
    .normalize("NFC")
    .replace(/\p{Zs}+/gu, " ")
    .replace(/^ | $/g, "");
}

/**
 * What is wrong with a name, as the end of a sentence: `it holds a line break`.
 *
 * Letters and marks of every script, digits, punctuation and symbols are allowed. Refused is what
 * endangers files, terminals or pages: see `DANGERS`. Follows Unicode Standard Annex 31 in what
 * stands inside a word (apostrophes, hyphens, the middle dot, U+200C and U+200D).
 *
 * @param name from `toPersonName`.
 * @returns undefined if nothing is wrong.
 */
export function personNameProblem(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > LONGEST_NAME) return `it is longer than ${LONGEST_NAME} characters`;
  const bare = name.replace(JOINED, "");
  const danger = DANGERS.find(([pattern]) => pattern.test(bare));
  if (danger !== undefined) return `it holds ${danger[1]}`;
  if (!/[\p{L}\p{N}]/u.test(name)) return "it has no letter and no digit";
  if (/^-/.test(name)) return "it begins with a dash, so commands would take it for a flag";
  if (/^\./.test(name)) return "it begins with a dot, so files of it would be hidden";
  if (/^\p{M}/u.test(name)) return "it begins with an accent that has no letter";
  if (DEVICE.test(name)) return "Windows keeps this name for a device";
  if (STRANGER.test(name)) return "people who are not recognised are called so";
  return undefined;
}

/**
 * A name as it is stored.
 *
 * @throws {MienError} `usage` saying in words what is wrong with it.
 */
export function checkPersonName(given: unknown): string {
  const name = typeof given === "string" ? toPersonName(given) : "";
  const problem = typeof given === "string" ? personNameProblem(name) : "expected a text";
  if (problem === undefined) return name;
  throw new MienError("usage", `this cannot be a name: ${problem}`, {
    advice: "Use letters of any script, digits, spaces, and - ' . , _ ( ) inside.",
  });
}
