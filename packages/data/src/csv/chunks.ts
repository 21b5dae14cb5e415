import { open, type FileHandle } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { contentKind, MienError, messageOf } from "@mien/format";

/** How to read a file as a stream of chunks. */
export interface ChunkOptions {
  /** Stops the stream with an `interrupted` error. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every chunk with the number of bytes read from the file on disk, and their total. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/**
 * Size of a chunk, in bytes: large enough that the work per chunk is negligible, small enough for
 * the processor's cache.
 */
const CHUNK_BYTES = 1 << 20;

/**
 * Reads the uncompressed bytes of a plain or gzip file; the first two bytes tell which it is.
 *
 * A chunk is valid only until the next one is requested, because two buffers alternate: one is
 * filled from disk while the other is processed.
 *
 * @throws {MienError} `missing-file` if it cannot be read; `bad-data` if it is named `.gz` but is
 * not a gzip file, is truncated or damaged, or if its content is not text (`contentKind`);
 * `interrupted` if the signal fires.
 */
export async function* readChunks(file: string, options: ChunkOptions): AsyncGenerator<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`);
  }
  try {
    const raw = readRaw(handle, file, options);
    const first = await raw.next();
    if (first.done) return;
    const zipped = first.value[0] === 0x1f && first.value[1] === 0x8b;
    if (!zipped && file.endsWith(".gz")) {
      const kind = contentKind(first.value);
      throw new MienError(
        "bad-data",
        `${file}: expected a gzip file, found ${kind?.name ?? "other content"}`,
        {
          advice:
            kind?.remedy ??
            "Download it again, or drop the .gz from its name if it is not compressed.",
        },
      );
    }
    yield* refuseForeign(zipped ? gunzip(first.value, raw, file) : resume(first.value, raw), file);
  } finally {
    await handle.close();
  }
}

/** Passes chunks on, unless the first one shows that the content is not UTF-8 text. */
async function* refuseForeign(
  chunks: AsyncGenerator<Buffer>,
  file: string,
): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const kind = isFirst ? contentKind(chunk) : undefined;
    if (kind !== undefined) {
      throw new MienError("bad-data", `${file}: expected a CSV in UTF-8, found ${kind.name}`, {
        advice: kind.remedy,
      });
    }
    isFirst = false;
    yield chunk;
  }
}

async function* resume(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

async function* readRaw(
  handle: FileHandle,
  file: string,
  { signal, onProgress }: ChunkOptions,
): AsyncGenerator<Buffer> {
  const { size } = await handle.stat();
  const buffers = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)];
  let turn = 0;
  const next = () => handle.read(buffers[turn++ % 2] as Buffer, 0, CHUNK_BYTES, null);
  let done = 0;
  let pending = next();
  try {
    for (;;) {
      const { buffer, bytesRead } = await pending;
      if (signal?.aborted) throw new MienError("interrupted", `reading ${file} was stopped`);
      if (bytesRead === 0) return;
      pending = next();
      // If the consumer stops early, nobody waits for this read, and its error must not count as
      // unhandled.
      pending.catch(() => undefined);
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
      onProgress?.(done, Math.max(size, done));
    }
  } catch (error) {
    if (error instanceof MienError) throw error;
    throw new MienError("missing-file", `cannot read ${file}: ${messageOf(error)}`);
  } finally {
    await pending.catch(() => undefined);
  }
}

async function* gunzip(
  first: Buffer,
  rest: AsyncGenerator<Buffer>,
  file: string,
): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const feed = async () => {
    for await (const chunk of resume(first, rest)) {
      // zlib reads the buffer on another thread, so it must finish before the buffer is filled again.
      await new Promise<void>((resolve, reject) => {
        unzip.write(chunk, (error) => (error ? reject(error) : resolve()));
      });
    }
    unzip.end();
  };
  feed().catch((error: unknown) => unzip.destroy(error as Error));
  try {
    yield* unzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof MienError) throw error;
    const cutOff = (error as NodeJS.ErrnoException).code === "Z_BUF_ERROR";
    const found = cutOff ? "it ends too early" : `it is damaged (${messageOf(error)})`;
    throw new MienError("bad-data", `${file}: expected a whole gzip file, but ${found}`, {
      advice: "Download it again.",
    });
  } finally {
    unzip.destroy();
  }
}
