import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip, createInflateRaw } from "node:zlib";
import { PassThrough, type Readable } from "node:stream";
import { MienError } from "@mien/format";

const BLOCK = 512;

/**
 * The bytes of a CSV in a download: the file itself, or the CSV with this name in a `.tar.gz`, `.gz`
 * or `.zip`. The content decides which it is.
 *
 * @throws {MienError} `bad-data` if the archive does not hold the CSV, or is damaged.
 */
export async function* unpack(file: string, csvName: string): AsyncGenerator<Buffer> {
  const head = await readAt(file, 0, 4);
  if (head.readUInt32LE(0) === 0x04034b50) yield* checked(zipEntry(file, csvName), file);
  else if (head[0] === 0x1f && head[1] === 0x8b) yield* checked(gunzipped(file, csvName), file);
  else yield* createReadStream(file) as AsyncIterable<Buffer>;
}

async function* checked(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    if (error instanceof MienError) throw error;
    throw new MienError("bad-data", `${file} is damaged or cut off`, {
      advice: "Delete it and repeat the command.",
      cause: error,
    });
  }
}

async function* gunzipped(file: string, csvName: string): AsyncGenerator<Buffer> {
  const chunks = through(createReadStream(file), createGunzip());
  let first = Buffer.alloc(0);
  while (first.length < BLOCK) {
    const next = await chunks.next();
    if (next.done) break;
    first = Buffer.concat([first, next.value]);
  }
  const rest = resume(first, chunks);
  const isTar = first.length >= BLOCK && first.toString("latin1", 257, 262) === "ustar";
  yield* isTar ? tarEntry(rest, { file, csvName }) : rest;
}

/** Passes a stream through a decoder, and its errors on. */
function through(
  source: Readable,
  decoder: NodeJS.ReadWriteStream,
): AsyncIterator<Buffer> & AsyncIterable<Buffer> {
  const out = new PassThrough();
  pipeline(source, decoder, out).catch((error: unknown) => out.destroy(error as Error));
  return out.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer> & AsyncIterable<Buffer>;
}

async function* resume(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** A file in a tar archive, in the layout of POSIX (ustar). */
async function* tarEntry(
  chunks: AsyncIterable<Buffer>,
  { file, csvName }: { file: string; csvName: string },
): AsyncGenerator<Buffer> {
  let waiting: Buffer = Buffer.alloc(0);
  // Bytes of the current entry that are still to come, and of its padding.
  let [left, padding] = [0, 0];
  let isWanted = false;
  let isFound = false;
  for await (const chunk of chunks) {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    for (;;) {
      if (left > 0) {
        const part = waiting.subarray(0, left);
        left -= part.length;
        waiting = waiting.subarray(part.length);
        if (isWanted && part.length > 0) yield part;
        if (left > 0) break;
        if (isWanted) isFound = true;
      }
      if (isFound) return;
      if (waiting.length < padding + BLOCK) break;
      const header = waiting.subarray(padding, padding + BLOCK);
      waiting = waiting.subarray(padding + BLOCK);
      padding = 0;
      if (header.every((byte) => byte === 0)) continue;
      const name = header.toString("utf8", 0, 100).replace(/\0.*$/s, "");
      const size = parseInt(header.toString("latin1", 124, 136), 8);
      if (!Number.isSafeInteger(size)) throw new Error("the size of an entry is no number");
      const isFile = header[156] === 0x30 || header[156] === 0;
      isWanted = isFile && baseName(name) === csvName;
      left = size;
      padding = (BLOCK - (size % BLOCK)) % BLOCK;
      if (isWanted && size === 0) isFound = true;
    }
  }
  if (isWanted) throw new Error("the archive ends within the CSV");
  throw notInArchive(file, csvName);
}

/** A file in a zip archive without zip64, stored or deflated. */
async function* zipEntry(file: string, csvName: string): AsyncGenerator<Buffer> {
  const handle = await open(file, "r");
  let directory: Buffer;
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, 65_557));
    await handle.read(tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
    if (end < 0) throw new Error("the archive has no directory");
    directory = Buffer.alloc(tail.readUInt32LE(end + 12));
    await handle.read(directory, 0, directory.length, tail.readUInt32LE(end + 16));
  } finally {
    await handle.close();
  }
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === 0x02014b50;) {
    const nameLength = directory.readUInt16LE(at + 28);
    const name = directory.toString("utf8", at + 46, at + 46 + nameLength);
    if (baseName(name) === csvName) {
      const method = directory.readUInt16LE(at + 10);
      const bytes = directory.readUInt32LE(at + 20);
      const header = directory.readUInt32LE(at + 42);
      const local = await readAt(file, header, 30);
      const start = header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
      const source = createReadStream(file, { start, end: start + bytes - 1 });
      if (method === 0) yield* source as AsyncIterable<Buffer>;
      else if (method === 8) yield* through(source, createInflateRaw());
      else throw new Error(`compression method ${method}`);
      return;
    }
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  throw notInArchive(file, csvName);
}

function notInArchive(file: string, csvName: string): MienError {
  return new MienError(
    "bad-data",
    `expected ${csvName} in the archive ${file}, found no such file`,
    {
      advice: "Delete it and repeat the command.",
    },
  );
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

async function readAt(file: string, start: number, length: number): Promise<Buffer> {
  const handle = await open(file, "r");
  try {
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, start);
    return bytes;
  } finally {
    await handle.close();
  }
}
