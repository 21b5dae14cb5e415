import { MienError, type Frame } from "@mien/format";
import type { Capture, Connect, Connection } from "./connection.ts";
import { delay } from "./delay.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { Source, SourceOptions } from "./source.ts";

/** How a stream behaves. */
export interface StreamPlan {
  readonly name: string;
  /** Decided when the stream is known. */
  readonly kind: (connection: Connection) => "live" | "video";
  /** Silence that counts as an interruption, in milliseconds; Infinity for what may be silent. */
  readonly silenceMs: number;
}

/** Frames that wait for a reader who takes every one. */
const READ_AHEAD = 4;
/** A frame that is later than this is left out for the next one, in milliseconds. */
const LATE = 50;
const CHECK_INTERVAL = 250;
/** Waits before each attempt to come back, in milliseconds; the last one is repeated. */
const BACK_OFF = [0, 500, 1000, 2000];
/** A Ctrl-C reaches the child first: what ends this long before was not lost. */
const GRACE = 250;

/**
 * A source that is fed by a child process. A live one is opened again when the child dies or falls
 * silent, until it comes back or is closed; a recording ends with an error.
 *
 * @throws {MienError} if the first connection fails.
 */
export async function openStream(
  connect: Connect,
  plan: StreamPlan,
  options: SourceOptions,
): Promise<Source> {
  const closing = new AbortController();
  const stop = () => closing.abort();
  if (options.signal?.aborted) stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  const release = () => options.signal?.removeEventListener("abort", stop);
  let connection: Connection;
  try {
    connection = await connect(closing.signal);
  } catch (error) {
    release();
    throw error;
  }
  const opened = performance.now();
  const { width, height, framesPerSecond, durationMs } = connection;
  const kind = plan.kind(connection);
  const dropOldest = kind === "live";
  let index = 0;
  let waiting = false;
  let lastHeard = opened;
  const queue = new FrameQueue({
    capacity: dropOldest ? 1 : READ_AHEAD,
    dropOldest,
    onRoom: () => {
      waiting = false;
      lastHeard = performance.now();
      connection.resume();
    },
  });
  const onCapture = ({ timeMs, ...picture }: Capture): boolean => {
    lastHeard = performance.now();
    const frame: Frame = {
      index,
      timeMs: timeMs ?? timeOf(index, lastHeard - opened),
      ...picture,
    };
    index++;
    waiting = !queue.push(frame);
    return !waiting;
  };
  const timeOf = (frame: number, elapsed: number) =>
    kind === "video" && framesPerSecond !== null ? (frame * 1000) / framesPerSecond : elapsed;

  /** Waits for a connection's end; one that is silent for too long is ended. */
  const watch = async (): Promise<MienError | undefined> => {
    let silent = false;
    let lastCheck = performance.now();
    lastHeard = lastCheck;
    const timer = setInterval(() => {
      const now = performance.now();
      // When this process itself was held up, pictures may be waiting to be read.
      if (waiting || now - lastCheck > 2 * CHECK_INTERVAL) lastHeard = now;
      lastCheck = now;
      if (silent || now - lastHeard < plan.silenceMs) return;
      silent = true;
      void connection.close(true);
    }, CHECK_INTERVAL);
    const error = await connection.ended;
    clearInterval(timer);
    if (!silent) return error;
    const seconds = (plan.silenceMs / 1000).toFixed(0);
    return new MienError("environment", `${plan.name} sent nothing for ${seconds} s`);
  };

  /** @returns undefined if the source was closed meanwhile. */
  const comeBack = async (): Promise<Connection | undefined> => {
    for (let attempt = 0; !closing.signal.aborted; attempt++) {
      await delay(BACK_OFF[Math.min(attempt, BACK_OFF.length - 1)] as number, closing.signal);
      if (closing.signal.aborted) return undefined;
      const next = await connect(closing.signal).catch(() => undefined);
      if (next !== undefined) return next;
    }
    return undefined;
  };

  const run = async (): Promise<void> => {
    for (;;) {
      connection.start(onCapture);
      const error = await watch();
      await connection.close();
      if (closing.signal.aborted) return queue.close();
      if (kind === "video" || error === undefined) return queue.end(error);
      await delay(GRACE, closing.signal);
      if (closing.signal.aborted) return queue.close();
      options.onNotice?.({ kind: "lost", message: `${error.message}; trying again`, error });
      const next = await comeBack();
      if (next === undefined) return queue.close();
      connection = next;
      options.onNotice?.({ kind: "back", message: `${plan.name} is back` });
    }
  };
  closing.signal.addEventListener("abort", () => void connection.close(), { once: true });
  const finished = run().finally(release);
  const close = async () => {
    stop();
    await finished;
  };
  if (closing.signal.aborted) await close();

  let asked = false;
  return {
    name: plan.name,
    kind,
    width,
    height,
    framesPerSecond,
    length:
      durationMs === null || framesPerSecond === null || options.loop === true
        ? null
        : Math.round((durationMs * framesPerSecond) / 1000),
    close,
    async *frames(signal) {
      if (asked) throw new Error("the frames of a source can be read once");
      asked = true;
      if (signal?.aborted) stop();
      signal?.addEventListener("abort", stop, { once: true });
      const paced = options.realTime === true && kind === "video";
      let started: number | undefined;
      try {
        for (;;) {
          const frame = await queue.next();
          if (frame === undefined) return;
          if (paced) {
            started ??= performance.now() - frame.timeMs;
            const early = started + frame.timeMs - performance.now();
            if (early > 0) await delay(early, closing.signal);
            else if (early < -LATE && queue.size > 0) continue;
            if (closing.signal.aborted) return;
          }
          yield frame;
        }
      } finally {
        signal?.removeEventListener("abort", stop);
        await close();
      }
    },
  };
}
