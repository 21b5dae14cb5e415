import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** Receives the bytes of a pipe. */
export interface PipeReader {
  /** Memory for the next bytes; at least one byte. */
  readonly room: () => Uint8Array;
  /** Called when `count` bytes were written into the memory that `room` returned last. */
  readonly onBytes: (count: number) => void;
}

/** A pipe from a child process to this one. */
export interface PicturePipe {
  /** The end that this process reads; closes when everything was read. */
  readonly ours: Socket;
  /** The end for the child; close it in this process once the child has started. */
  readonly theirs: Socket;
}

/**
 * Opens a pipe whose bytes are read directly into the reader's memory. Node's own pipes to a child
 * deliver 64 KiB at a time in new memory, which costs more than all the rest of the work on a picture.
 */
export async function openPicturePipe({ room, onBytes }: PipeReader): Promise<PicturePipe> {
  const isWindows = process.platform === "win32";
  const folder = isWindows ? undefined : await mkdtemp(path.join(tmpdir(), "mien-"));
  const address = folder === undefined ? `\\\\.\\pipe\\mien-${randomUUID()}` : `${folder}/pipe`;
  const server = createServer({ allowHalfOpen: true }).listen(address);
  try {
    await once(server, "listening");
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const onread = {
      buffer: room,
      callback(count: number) {
        onBytes(count);
        return true;
      },
    };
    const ours = connect({ path: address, onread });
    ours.on("error", () => undefined);
    const theirs = await accepted;
    return { ours, theirs };
  } finally {
    server.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
