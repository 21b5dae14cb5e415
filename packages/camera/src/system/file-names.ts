import { isUtf8 } from "node:buffer";
import { lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { MienError } from "@mien/format";

/** Whether file names may be bytes in any encoding, as on Linux; Windows knows only Unicode. */
const HAS_BYTE_NAMES = process.platform !== "win32";
/** The character with which decoders replace bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";
/** A byte that is not UTF-8, as `shownName` writes it. */
const ESCAPE = /\\x[89A-F][0-9A-F]/;

/**
 * A file name or path as text: each byte that is not UTF-8 becomes `\xNN`, so that a name in Latin-1
 * is shown as `caf\xE9.jpg`. `onDisk` is the inverse.
 */
export function shownName(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  let shown = "";
  for (let at = 0; at < buffer.length;) {
    // A character of UTF-8 has one to four bytes.
    const length = [1, 2, 3, 4].find(
      (count) => at + count <= buffer.length && isUtf8(buffer.subarray(at, at + count)),
    );
    shown +=
      length === undefined
        ? `\\x${buffer.toString("hex", at, at + 1).toUpperCase()}`
        : buffer.toString("utf8", at, at + length);
    at += length ?? 1;
  }
  return shown;
}

/**
 * Converts a shown path to a path for file functions.
 *
 * @param shown a path in which `\xNN` may stand for a byte that is not UTF-8, as from `shownName`.
 * @returns the given path if it has no such escape or a file has exactly this name; else the bytes
 * of the path.
 */
export function onDisk(shown: string): string | Buffer {
  if (!HAS_BYTE_NAMES || !ESCAPE.test(shown) || exists(shown)) return shown;
  return joined(shown.split(new RegExp(`(${ESCAPE.source})`)), 2);
}

/**
 * The path of a `file://` address whose percent-encoded bytes may be in any encoding, as file managers
 * write it: `file:///photos/caf%E9.jpg`.
 *
 * @returns the path as `shownName` writes it.
 */
export function pathOfAddress(address: string): string {
  const path = address.replace(/^file:\/\/(localhost(?=\/))?/i, "");
  return shownName(joined(path.split(/(%[0-9a-f]{2})/i), 1));
}

/**
 * Recovers a path from the command line in which Node replaced each byte that is not UTF-8 by U+FFFD:
 * looks in the folders for names that are equal after the same replacement.
 *
 * @param typed a path from the command line.
 * @returns the path as `shownName` writes it; `typed` if nothing has that name.
 * @throws {MienError} `usage` if several names are equal after the replacement.
 */
export async function findTyped(typed: string): Promise<string> {
  if (!HAS_BYTE_NAMES || !typed.includes(REPLACEMENT)) return typed;
  let found = "";
  for (const [index, part] of typed.split("/").entries()) {
    const before = index === 0 ? "" : `${found}/`;
    found = before + (part.includes(REPLACEMENT) ? await findPart(before, part) : part);
  }
  return found;
}

async function findPart(folder: string, part: string): Promise<string> {
  const entries = await readdir(onDisk(folder === "" ? "." : folder), { encoding: "buffer" }).catch(
    () => [],
  );
  const names = entries.filter((name) => name.toString("utf8") === part).map(shownName);
  if (names.length > 1) {
    throw new MienError(
      "usage",
      `"${folder}${part}" may be any of ${names.length} files: ${names.join(", ")}`,
      {
        advice:
          "Their names are not UTF-8 and reach this program as the same text. Write one of them as " +
          "above, in single quotes, or rename the files.",
      },
    );
  }
  return names[0] ?? part;
}

/** The bytes of a text that was split at its escapes; the escapes are the parts with odd indices. */
function joined(parts: readonly string[], prefix: number): Buffer {
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0 ? Buffer.from(part) : Buffer.from(part.slice(prefix), "hex"),
    ),
  );
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
