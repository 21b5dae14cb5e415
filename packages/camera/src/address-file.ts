import { existsSync } from "node:fs";
import { readBytes } from "@mien/cli";
import { MienError } from "@mien/format";

/**
 * The text of a source: the text itself, or for `@FILE` the content of a text file, so that an address
 * with a password need not be typed.
 *
 * @param text see `SOURCE_KINDS`. If a file or folder with this very name exists, the text is its
 * path.
 * @throws {MienError} `missing-file` if the file cannot be read; `bad-data` unless it holds one line.
 */
export async function readAddressFile(text: string): Promise<string> {
  if (!text.startsWith("@") || existsSync(text)) return text;
  const file = text.slice(1);
  const content = (await readBytes(file)).toString("utf8");
  // Some editors on Windows begin a file with a byte order mark, which `trim` removes, too.
  const source = content.trim();
  if (source !== "" && !/[\r\n]/.test(source)) return source;
  const lines = source === "" ? 0 : source.split(/\r\n?|\n/).length;
  throw new MienError("bad-data", `${file} must hold one line, found ${lines}`, {
    advice: "Write the address of the camera into it, and nothing else.",
  });
}
