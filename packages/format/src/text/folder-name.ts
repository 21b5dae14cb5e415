import filenameReservedRegex, { windowsReservedNameRegex } from "filename-reserved-regex";
import { MienError } from "../errors.ts";

/**
 * The longest folder name, in bytes of UTF-8. File systems allow 255; the rest is for endings such as
 * `-2` and `.int8.onnx.made-from.json`.
 */
const LONGEST_FOLDER_NAME = 200;

/** Control characters, line separators, and unpaired surrogates, which UTF-8 cannot encode. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Checks a name that a user chose for the folder of a study, a run or a session. A valid name is
 * one path segment that every operating system can store, that cannot be mistaken for a flag, and
 * that leaves room for endings.
 *
 * @param what subject of the error message, for example `--study`.
 * @returns the name unchanged.
 * @throws {MienError} `usage` saying what is wrong with it.
 */
export function checkFolderName(name: string, what: string): string {
  const problem = problemOf(name);
  if (problem === undefined) return name;
  throw new MienError("usage", `${what} cannot be ${JSON.stringify(name)}: ${problem}`, {
    advice: 'Use letters, digits, ".", "-" and "_", and begin with a letter or a digit.',
  });
}

/**
 * Makes a folder name from any text, for example the name of a data set.
 *
 * @returns a name that `checkFolderName` accepts; the text itself if it is valid; `unnamed` if no
 * character of the text can be used.
 */
export function toFolderName(text: string): string {
  if (problemOf(text) === undefined) return text;
  let name = text
    .replace(new RegExp(UNPRINTABLE, "gu"), "-")
    .replace(filenameReservedRegex(), "-")
    .replace(/^[\s.-]+/u, "");
  name = shortened(name, LONGEST_FOLDER_NAME).replace(/[\s.-]+$/u, "");
  if (name === "") return "unnamed";
  return problemOf(name) === undefined ? name : `_${name}`;
}

/**
 * Shortens a file name, so that an ending can be added.
 *
 * @param most longest result, in bytes of UTF-8; only whole characters are kept.
 */
export function shortened(name: string, most: number): string {
  let bytes = 0;
  let kept = "";
  for (const character of name) {
    bytes += byteLength(character);
    if (bytes > most) break;
    kept += character;
  }
  return kept;
}

function problemOf(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name === "." || name === "..") return "it is a folder that already exists";
  if (/[/\\]/.test(name)) return "a name must not contain / or \\";
  if (name.startsWith("-")) return "a name that begins with a dash would be read as a flag";
  if (UNPRINTABLE.test(name)) return "it contains a character that cannot be printed";
  if (name !== name.trim()) return "it begins or ends with a space";
  if (name.endsWith(".")) return "it ends with a dot, which Windows removes";
  const reserved = new RegExp(filenameReservedRegex(), "v").exec(name)?.[0];
  if (reserved !== undefined) return `Windows does not allow ${reserved} in names`;
  if (windowsReservedNameRegex().test(name)) return "Windows reserves this name for a device";
  const bytes = byteLength(name);
  if (bytes <= LONGEST_FOLDER_NAME) return undefined;
  return `it has ${bytes} bytes, and at most ${LONGEST_FOLDER_NAME} are allowed`;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
