import { createHash } from "node:crypto";
import { toFolderName, toPersonName } from "@mien/format";

const ENDING = ".person";
/** Longer names are cut off in the name of the file, in characters. */
const MAX_LENGTH = 60;

/**
 * The name of the file that holds a person. Two people never share a file, even where the file system
 * ignores case or the composition of accents.
 *
 * `Ada Lovelace` is in `Ada Lovelace.person`. A name whose words are not a capital letter followed by
 * small ones, that is longer than 60 characters, or that a file system cannot store is followed by the
 * first 8 digits of its SHA-256: `ada` is in `ada-37e955d2.person`.
 */
export function fileNameOf(person: string): string {
  const name = toPersonName(person);
  // A file whose name begins with a dot is hidden.
  const readable = toFolderName([...name].slice(0, MAX_LENGTH).join("")).replace(/^\.+/, "");
  const isPlain =
    readable === name &&
    name === capitalise(foldCase(name)) &&
    !/\p{Default_Ignorable_Code_Point}/u.test(name) &&
    !/-[\da-f]{8}$/.test(name);
  if (isPlain) return `${name}${ENDING}`;
  // As UTF-16, since UTF-8 encodes every unpaired surrogate as the same character.
  const digits = createHash("sha256").update(name, "utf16le").digest("hex").slice(0, 8);
  return `${readable}-${digits}${ENDING}`;
}

/** Whether a file of this name should hold a person. */
export function isPersonFile(file: string): boolean {
  return file.endsWith(ENDING);
}

/** Whether a file has the name of this person's file, or the name that mien 0.1 gave it. */
export function isNamedAfter(file: string, person: string): boolean {
  const name = file.normalize("NFC");
  return name === fileNameOf(person) || name === formerFileNameOf(person);
}

function formerFileNameOf(person: string): string {
  const safe = person
    .trim()
    .normalize("NFC")
    .replace(/[^\p{L}\p{N} _-]/gu, (odd) => `%${odd.codePointAt(0)?.toString(16)}`);
  if (safe.length <= MAX_LENGTH) return `${safe}${ENDING}`;
  const digits = createHash("sha256").update(safe).digest("hex").slice(0, 8);
  return `${safe.slice(0, MAX_LENGTH - 9)}-${digits}${ENDING}`;
}

/** Converts names that a file system may treat as the same to the same spelling. */
function foldCase(name: string): string {
  return name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}

function capitalise(name: string): string {
  return name
    .replace(/(?<![\p{L}\p{M}\p{N}])\p{L}/gu, (letter) => letter.toUpperCase())
    .normalize("NFC");
}
