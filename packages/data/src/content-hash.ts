import { createHash } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** A running SHA-256. */
export interface ContentHash {
  /** Takes the next bytes; they must stay as they are until the promise resolves. */
  update(chunk: Uint8Array): Promise<void>;
  /** @returns 64 lower-case hexadecimal digits. */
  digest(): Promise<string>;
  /** Frees what the hash holds; to be called in any case. */
  close(): Promise<void>;
}

/** Below this, a thread takes longer to start than it saves. */
const WORTH_A_THREAD = 8 << 20;

/**
 * Starts a SHA-256, on a thread of its own for large files, so that hashing costs no time beside
 * parsing.
 *
 * @param bytes about how many will come.
 */
export function startHash(bytes: number): ContentHash {
  return bytes < WORTH_A_THREAD ? hashHere() : hashInThread();
}

function hashHere(): ContentHash {
  const hash = createHash("sha256");
  return {
    update: (chunk) => {
      hash.update(chunk);
      return Promise.resolve();
    },
    digest: () => Promise.resolve(hash.digest("hex")),
    close: () => Promise.resolve(),
  };
}

/** Answers each chunk with null, and null with the digest. */
const THREAD = `
  const { parentPort } = require("node:worker_threads");
  const hash = require("node:crypto").createHash("sha256");
  parentPort.on("message", (chunk) => {
    if (chunk !== null) hash.update(chunk);
    parentPort.postMessage(chunk === null ? hash.digest("hex") : null);
  });
`;

function hashInThread(): ContentHash {
  // The thread runs plain JavaScript: it needs none of the loaders that this process was given.
  const worker = new Worker(THREAD, { eval: true, execArgv: [] });
  const ask = async (message: Uint8Array | null): Promise<unknown> => {
    worker.postMessage(message);
    const [answer] = (await once(worker, "message")) as [unknown];
    return answer;
  };
  return {
    update: async (chunk) => void (await ask(chunk)),
    digest: async () => (await ask(null)) as string,
    close: async () => void (await worker.terminate()),
  };
}
