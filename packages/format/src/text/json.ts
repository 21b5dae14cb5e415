import { contentKind } from "./content-kind.ts";
import { MienError, messageOf, type ErrorCode } from "../errors.ts";
import { printable } from "./printable.ts";

/**
 * Parses the content of a JSON file in UTF-8, with or without a byte order mark.
 *
 * @param bytes the whole content.
 * @param name of the file in errors.
 * @param code of the error; default `bad-data`.
 * @throws {MienError} with that code if the content is not JSON or not UTF-8; the message names the
 *   kind of file if it can be recognised.
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
    // The decoder removes a byte order mark.
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
