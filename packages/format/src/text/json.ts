import { contentKind } from "./content-kind.ts";
import { MienError, messageOf, type ErrorCode } from "../errors.ts";
import { printable } from "./printable.ts";

/**
 * Parses a JSON file's content: UTF-8, with or without a byte order mark.
 *
 * @param bytes the whole content.
 * @param name what to call the file in errors.
 * @param code of the error, by default `bad-data`.
 * @throws {MienError} with that code if it is not JSON, or not UTF-8; the message says what it is
 * instead where that can be recognised.
 */
export function parseJson(bytes: Uint8Array, name: string, code: ErrorCode = "bad-data"): unknown {
  const fail = (problem: string, advice?: string): never => {
    throw new MienError(
      code,
      `${name} is not JSON${problem}`,
      advice === undefined ? {} : { advice },
    );
  };
  const kind = contentKind(bytes);
  if (kind !== undefined) {
    return fail(`: expected text in UTF-8, found ${kind.name}`, kind.remedy);
  }
  let text: string;
  try {
    // Takes a byte order mark away.
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail(
      ": expected text in UTF-8, found other bytes",
      "Save it again with the encoding UTF-8.",
    );
  }
  if (text.trim() === "") return fail(": it is empty");
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`: ${printable(messageOf(error))}`);
  }
}
