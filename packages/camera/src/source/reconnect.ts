import { MienError } from "@mien/format";
import { delay } from "../system/delay.ts";
import { followSignal } from "../system/follow-signal.ts";
import type { Source, SourceFrame, SourceOptions } from "./source.ts";

/** Waits before each attempt to open a source again, in milliseconds; the last one is repeated. */
const WAITS = [0, 500, 1000];
const LONGEST_WAIT = 2000;
/**
 * How long to wait for the signal before a source counts as lost, in milliseconds: on Ctrl-C, the
 * child process of a source may end before the signal reaches this process.
 */
const GRACE = 250;

/** A source that can be opened again. */
export interface ReconnectPlan {
  /** Name that is shown to people until the source was opened. */
  readonly name: string;
  /**
   * Opens the source once. The returned source ends when the connection ends.
   *
   * @throws {MienError} if it cannot be opened.
   */
  readonly open: (options: SourceOptions) => Promise<Source>;
}

/**
 * Opens a source again whenever it is lost or cannot be opened yet; no other code does.
 *
 * Without `reconnect`, the first attempt must succeed; a live source is opened again when it
 * breaks, and any other source ends or fails for good. With `reconnect`, every attempt may fail,
 * and the source is opened again after every end, until it is closed.
 *
 * @returns a source whose frames go on across reconnections: numbers and times continue, and the
 * first frame of each connection is marked as a discontinuity.
 * @throws {MienError} without `reconnect`, if it cannot be opened.
 */
export async function openReconnecting(
  { name, open }: ReconnectPlan,
  options: SourceOptions,
): Promise<Source> {
  const { reconnect = false, onNotice } = options;
  const closing = new AbortController();
  const { signal: closed } = closing;
  const release = followSignal(closing, options.signal);
  /** The current attempt to open the source; `close` waits for it. */
  let attempted: Promise<unknown> = Promise.resolve();
  const connect = (): Promise<Source> => {
    const opening = open({ ...options, signal: closed });
    attempted = opening.catch(() => undefined);
    return opening;
  };

  /** The open connection, and the last one that was open. */
  let current: Source | undefined;
  let last: Source | undefined;
  if (!reconnect) {
    try {
      current = last = await connect();
    } catch (error) {
      release();
      throw error;
    }
  }
  /** The zero of `timeMs`: the time at which the first connection was opened. */
  let openedAt = performance.now();

  /** Message of the last notice of a loss; undefined while the source is not lost. */
  let reason: string | undefined;
  const lose = (error: MienError) => {
    if (reason === error.message) return;
    reason = error.message;
    onNotice?.({ kind: "lost", message: `${error.message}; trying again`, error });
  };

  /** @returns undefined if the source was closed meanwhile. */
  const openUntilItWorks = async (): Promise<Source | undefined> => {
    for (let attempt = 0; !closed.aborted; attempt++) {
      await delay(WAITS[attempt] ?? LONGEST_WAIT, closed);
      if (closed.aborted) break;
      try {
        const opened = await connect();
        if (reason !== undefined) {
          reason = undefined;
          const how = last === undefined ? "is open" : "is back";
          onNotice?.({ kind: "back", message: `${opened.name} ${how}` });
        }
        return opened;
      } catch (error) {
        if (closed.aborted) break;
        if (!(error instanceof MienError)) throw error;
        lose(error);
      }
    }
    return undefined;
  };

  const close = async () => {
    closing.abort();
    release();
    await attempted;
    await current?.close();
  };

  async function* read(signal?: AbortSignal): AsyncGenerator<SourceFrame, undefined> {
    const unfollow = followSignal(closing, signal);
    let nextIndex = 0;
    let lastTime = 0;
    try {
      for (;;) {
        current ??= await openUntilItWorks();
        if (current === undefined) return;
        const isFirst = last === undefined || last === current;
        if (last === undefined) openedAt = performance.now();
        last = current;
        const indexOffset = nextIndex;
        const timeOffset = isFirst ? 0 : Math.max(lastTime, performance.now() - openedAt);
        let error: MienError | undefined;
        try {
          for await (const frame of current.frames()) {
            const index = frame.index + indexOffset;
            lastTime = frame.timeMs + timeOffset;
            nextIndex = index + 1;
            yield isFirst ? frame : { ...frame, index, timeMs: lastTime };
          }
        } catch (thrown) {
          if (!(thrown instanceof MienError)) throw thrown;
          error = thrown;
        }
        await current.close();
        if (closed.aborted) return;
        const goesOn = reconnect || (current.kind === "live" && error !== undefined);
        if (!goesOn && error !== undefined) throw error;
        if (!goesOn) return;
        await delay(GRACE, closed);
        if (closed.aborted) return;
        if (error !== undefined) lose(error);
        current = undefined;
      }
    } finally {
      unfollow();
      await close();
    }
  }

  let asked = false;
  return {
    get name() {
      return last?.name ?? name;
    },
    get kind() {
      return last?.kind ?? "live";
    },
    get width() {
      return last?.width ?? null;
    },
    get height() {
      return last?.height ?? null;
    },
    get framesPerSecond() {
      return last?.framesPerSecond ?? null;
    },
    get length() {
      return reconnect ? null : (last?.length ?? null);
    },
    frames(signal) {
      if (asked) throw new Error("the frames of a source can be read once");
      asked = true;
      return read(signal);
    },
    close,
  };
}
