import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** Takes what comes through a pipe. */
export interface PipeReader {
  /** Memory for the next bytes, at least one. */
  readonly room: () => Uint8Array;
  /** So many bytes are now in the memory that `room` gave last. */
  readonly onBytes: (count: number) => void;
}

/** A pipe to a child process. */
export interface PicturePipe {
  /** Closes when everything was read. */
  readonly ours: Socket;
  /** For the child; to be closed here when it has started. */
  readonly theirs: Socket;
}

/**
 * Opens a pipe that is read straight into the reader's memory. Node's own pipes to a child arrive in
 * pieces of 64 KiB, which cost more than all that is in them.
 */
export async function openPicturePipe({ room, onBytes }: PipeReader): Promise<PicturePipe> {
  const isWindows = process.platform === "win32";
  const folder = isWindows ? undefined : await mkdtemp(path.join(tmpdir(), "mien-"));
  const address = folder === undefined ? `\\\\.\\pipe\\mien-${randomUUID()}` : `${folder}/pipe`;
  const server = createServer({ allowHalfOpen: true }).listen(address);
  try {
    await once(server, "listening");
    const accepted = once(server, "connection") as Promise<[Socket]>;
    const onread = {
      buffer: room,
      callback(count: number) {
        onBytes(count);
        return true;
      },
    };
    const ours = connect({ path: address, onread });
    ours.on("error", () => undefined);
    const [theirs] = await accepted;
    return { ours, theirs };
  } finally {
    server.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
