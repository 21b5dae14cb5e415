import { open, readFile, rm, stat, writeFile, type FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { cannotWrite } from "@mien/cli";
import { messageOf, MienError } from "@mien/format";

/** Connections without new bytes after which the download gives up. */
const MOST_FAILURES = 8;
/** Time without bytes after which a connection counts as lost, in ms. */
const SILENCE = 60_000;

/** What to download, and where to. */
export interface Download {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The file; until it is whole, it may be continued. `<file>.etag` beside it says of what it is. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Called with the number of bytes in the file, and their total; 0 if the server does not tell. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Pause before the first new connection, in ms; it doubles with each. Default 200. */
  readonly pause?: number | undefined;
  /** Turns a refusal into an error. @param status of the answer, from 400 on. */
  readonly refusal: (status: number) => MienError;
}

/** What a server sent, or undefined if the connection was lost. */
type Turn = "whole" | "part";

/**
 * Downloads a file. What an earlier, interrupted download left is continued if the server still has
 * the same file. Lost connections are opened again.
 *
 * @throws {MienError} `interrupted` if the signal fires; the next download then continues;
 *   `environment` if there is no connection, or the file cannot be written; what `refusal` returns.
 */
export async function download(request: Download): Promise<void> {
  const { file, signal, pause = 200 } = request;
  let failures = 0;
  for (;;) {
    const before = await sizeOf(file);
    try {
      if ((await transfer(request)) === "whole") return;
    } catch (error) {
      if (signal.aborted) {
        throw new MienError("interrupted", "the download is not complete", {
          advice: "Repeat the command to continue it.",
        });
      }
      if (error instanceof MienError) throw error;
      if (failures + 1 >= MOST_FAILURES) {
        throw new MienError(
          "environment",
          `no connection to ${new URL(request.url).host}: ${reasonOf(error)}`,
          {
            advice:
              "Check the connection to the internet, and repeat the command; it continues the download.",
            cause: error,
          },
        );
      }
    }
    failures = (await sizeOf(file)) > before ? 0 : failures + 1;
    if (failures >= MOST_FAILURES) {
      throw new MienError(
        "environment",
        `${new URL(request.url).host} ends the download too early each time`,
        {
          advice: "Repeat the command later; it continues the download.",
        },
      );
    }
    await setTimeout(pause * 2 ** failures, undefined, { signal }).catch(() => undefined);
  }
}

/** One connection. */
async function transfer(request: Download): Promise<Turn> {
  const { url, headers, file, signal } = request;
  const tagFile = `${file}.etag`;
  const tag = await readFile(tagFile, "utf8").catch(() => "");
  const have = tag === "" ? 0 : await sizeOf(file);
  // Without If-Range, the rest of another file could be appended.
  const range: Record<string, string> =
    have > 0 ? { range: `bytes=${have}-`, "if-range": tag } : {};
  const silence = new AbortController();
  const watch = globalThis.setTimeout(() => silence.abort(new Error("no bytes came")), SILENCE);
  try {
    const answer = await fetch(url, {
      headers: { ...headers, ...range, "accept-encoding": "identity" },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (answer.status === 416) {
      // The file on disk has as many bytes as the server's, or more.
      await answer.body?.cancel();
      if (answer.headers.get("content-range") === `bytes */${have}`) return "whole";
      await rm(tagFile, { force: true });
      return "part";
    }
    // Busy servers and faults behind them pass.
    if (answer.status === 429 || answer.status >= 500) {
      await answer.body?.cancel();
      throw new Error(`the server answers ${answer.status}`);
    }
    if (!answer.ok) {
      await answer.body?.cancel();
      throw request.refusal(answer.status);
    }
    const isRest = answer.status === 206;
    const start = isRest ? have : 0;
    const length = Number(answer.headers.get("content-length") ?? 0);
    const total = length === 0 ? 0 : start + length;
    await save(() => writeFile(tagFile, tagOf(answer)));
    const handle = await save(() => open(file, isRest ? "a" : "w"));
    let done = start;
    try {
      const body: AsyncIterable<Uint8Array> = answer.body ?? Readable.from([]);
      for await (const chunk of body) {
        watch.refresh();
        await save(() => writeAll(handle, chunk));
        done += chunk.length;
        request.onProgress?.(done, total);
      }
    } finally {
      await handle.close();
    }
    return total === 0 || done === total ? "whole" : "part";
  } finally {
    clearTimeout(watch);
  }

  async function save<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw cannotWrite(file, error);
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done)).bytesWritten;
  }
}

/** A strong mark of the file's version; weak ones may not be used to continue. */
function tagOf(answer: Response): string {
  const tag = answer.headers.get("etag") ?? "";
  return tag.startsWith("W/") || tag === "" ? (answer.headers.get("last-modified") ?? "") : tag;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(cause ?? error);
}
