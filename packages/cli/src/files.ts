import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { MienError, messageOf, parseJson, shortened } from "@mien/format";
import { cannotWrite, fileError } from "./file-errors.ts";

/**
 * Writes a file so that it is either whole or not there: into a temporary neighbour, flushed to
 * disk, then renamed. Missing folders are made.
 *
 * @param content one piece, or pieces that follow one another.
 * @param mode who may read it, before the process's umask; 0600 keeps it to its owner.
 * @throws {MienError} `environment` if the disk is full or the place cannot be written.
 */
export async function writeFileAtomic(
  file: string,
  content: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<string | Uint8Array>,
  mode = 0o666,
): Promise<void> {
  // Most systems allow names of 255 bytes, and the file's own name may have all of them.
  const { dir, base } = path.parse(file);
  const aside = path.join(dir, `${shortened(base, 200)}.${randomBytes(4).toString("hex")}.tmp`);
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
 * Refuses before the work what would fail after it: a file that can never be written.
 *
 * @param flag by which the file was named.
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

/** Writes a value as indented JSON, whole or not at all. */
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
 * @throws {MienError} `missing-file` if it is not there or cannot be read.
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
