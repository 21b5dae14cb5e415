import { createHash } from "node:crypto";
import { toFolderName, toPersonName } from "@mien/format";

const ENDING = ".person";
/** Longer names are cut in the name of a file, in characters. */
const LONGEST = 60;

/**
 * The name of the file that holds a person. Two people never share one, also where the file system
 * ignores case or the way accents are composed.
 *
 * `Ada Lovelace` is in `Ada Lovelace.person`. A name that is not written so (each word a capital
 * letter and then small ones), that is longer than 60 characters, or that a file system cannot store
 * is followed by 8 digits of its SHA-256: `ada` is in `ada-37e955d2.person`.
 */
export function fileNameOf(person: string): string {
  const name = toPersonName(person);
  // A file whose name begins with a dot is hidden.
  const readable = toFolderName([...name].slice(0, LONGEST).join("")).replace(/^\.+/, "");
  const isPlain =
    readable === name &&
    name === capitalise(foldCase(name)) &&
    !/\p{Default_Ignorable_Code_Point}/u.test(name) &&
    !/-[\da-f]{8}$/.test(name);
  if (isPlain) return `${name}${ENDING}`;
  // As UTF-16, since UTF-8 takes all halves of surrogate pairs for one character.
  const digits = createHash("sha256").update(name, "utf16le").digest("hex").slice(0, 8);
  return `${readable}-${digits}${ENDING}`;
}

/** Whether a file of this name holds a person, as far as its name tells. */
export function isPersonFile(file: string): boolean {
  return file.endsWith(ENDING);
}

/** Whether a file that cannot be read has the name that this person's has, or had in mien 0.1. */
export function isNamedAfter(file: string, person: string): boolean {
  const name = file.normalize("NFC");
  return name === fileNameOf(person) || name === formerFileNameOf(person);
}

function formerFileNameOf(person: string): string {
  const safe = person
    .trim()
    .normalize("NFC")
    .replace(/[^\p{L}\p{N} _-]/gu, (odd) => `%${odd.codePointAt(0)?.toString(16)}`);
  if (safe.length <= LONGEST) return `${safe}${ENDING}`;
  const digits = createHash("sha256").update(safe).digest("hex").slice(0, 8);
  return `${safe.slice(0, LONGEST - 9)}-${digits}${ENDING}`;
}

/** One spelling of all names that a file system may take for the same. */
function foldCase(name: string): string {
  return name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}

function capitalise(name: string): string {
  return name
    .replace(/(?<![\p{L}\p{M}\p{N}])\p{L}/gu, (letter) => letter.toUpperCase())
    .normalize("NFC");
}
