import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, parseJson } from "@mien/format";
import { cannotWrite, fileError } from "./file-errors.ts";
import { asidePath } from "./write-aside.ts";

/**
 * Writes a file completely or not at all: writes a temporary file in the same folder, flushes it to
 * disk and renames it. Makes missing folders.
 *
 * @param content one part, or several parts that are concatenated.
 * @param mode permissions of the file, which the process's umask reduces; 0600 gives access to the
 *   owner alone. Default 0666.
 * @throws {MienError} `environment` if it cannot be written.
 */
export async function writeFileAtomic(
  file: string,
  content: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<string | Uint8Array>,
  mode = 0o666,
): Promise<void> {
  const aside = asidePath(file);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const handle = await open(aside, "w", mode);
    try {
      const parts =
        typeof content === "string" || content instanceof Uint8Array ? [content] : content;
      for await (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw cannotWrite(file, error);
  }
}

/**
 * Checks that a file can be written. Commands call it before a long computation whose result the
 * file will hold.
 *
 * @param flag the flag that names the file, for the message.
 * @throws {MienError} `usage` if it is a folder, or its folder cannot be made.
 */
export async function checkWritable(flag: string, file: string): Promise<void> {
  const fail = (problem: string): never => {
    throw new MienError("usage", `${flag} cannot be written to ${file}: ${problem}`);
  };
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) fail("it is a folder");
  await mkdir(path.dirname(path.resolve(file)), { recursive: true }).catch((error: unknown) =>
    fail(fileError(error)?.message ?? messageOf(error)),
  );
}

/** Writes a value as indented JSON, completely or not at all. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Reads and parses a JSON file: UTF-8, with or without a byte order mark.
 *
 * @throws {MienError} `missing-file` if it cannot be read, `bad-data` if it is not JSON.
 */
export async function readJson(file: string): Promise<unknown> {
  return parseJson(await readBytes(file), file);
}

/**
 * Reads a whole file.
 *
 * @throws {MienError} `missing-file` if it cannot be read.
 */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
