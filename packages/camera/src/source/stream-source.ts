import { MienError, type Frame } from "@mien/format";
import { delay } from "../system/delay.ts";
import { followSignal } from "../system/follow-signal.ts";
import type { Capture, Connect, Connection } from "./connection.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { Source, SourceOptions } from "./source.ts";

/** The properties of a stream that are known before it is opened. */
export interface StreamPlan {
  /** Name that is shown to people. */
  readonly name: string;
  /** Its kind, which may depend on what the connection reports. */
  readonly kind: (connection: Connection) => Source["kind"];
  /**
   * Time without a picture after which the stream counts as lost, in milliseconds; Infinity for
   * never.
   */
  readonly silenceMs: number;
}

/** How many frames of a video are read ahead. */
const READ_AHEAD = 4;
/**
 * Delay in milliseconds. With `realTime`, a frame with a longer delay is dropped if another frame is
 * waiting.
 */
const LATE = 50;
/** Interval between checks whether pictures still come, in milliseconds. */
const CHECK_INTERVAL = 250;

/** Images have no common size and no frame rate. */
const NO_SIZE = { width: null, height: null, framesPerSecond: null };

/**
 * A source that a child process feeds. It ends with an error when the child ends unexpectedly or
 * sends nothing for too long. This is the same for a live source, which `openReconnecting` then opens
 * again.
 *
 * @throws {MienError} if the child cannot be started or sends no picture.
 */
export async function openStream(
  connect: Connect,
  plan: StreamPlan,
  options: SourceOptions,
): Promise<Source> {
  const closing = new AbortController();
  const stop = () => closing.abort();
  const release = followSignal(closing, options.signal);
  const connection = await connect(closing.signal).catch((error: unknown) => {
    release();
    throw error;
  });
  const opened = performance.now();
  const kind = plan.kind(connection);
  const { durationMs } = connection;
  const isStill = kind === "images";
  const { width, height, framesPerSecond } = isStill ? NO_SIZE : connection;
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
  const onCapture = (picture: Capture): boolean => {
    lastHeard = performance.now();
    const frame: Frame = { index, timeMs: timeOf(index, lastHeard - opened), ...picture };
    index++;
    waiting = !queue.push(frame);
    return !waiting;
  };
  const timeOf = (frame: number, elapsed: number) => {
    if (isStill) return 0;
    return kind === "video" && framesPerSecond !== null
      ? (frame * 1000) / framesPerSecond
      : elapsed;
  };

  /** Waits for the end of the connection, and ends it if it sends nothing for too long. */
  const watch = async (): Promise<MienError | undefined> => {
    let silent = false;
    let lastCheck = performance.now();
    lastHeard = lastCheck;
    const timer = setInterval(() => {
      const now = performance.now();
      // If this process itself was blocked, pictures may be waiting to be read.
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

  const run = async (): Promise<void> => {
    connection.start(onCapture);
    const error = await watch();
    await connection.close();
    if (closing.signal.aborted) queue.close();
    else queue.end(error);
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
    length: options.loop === true ? null : lengthOf({ isStill, durationMs, framesPerSecond }),
    close,
    async *frames(signal) {
      if (asked) throw new Error("the frames of a source can be read once");
      asked = true;
      const unfollow = followSignal(closing, signal);
      const paced = options.realTime === true && kind === "video";
      let started: number | undefined;
      let discontinuity = true;
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
          yield { ...frame, discontinuity };
          discontinuity = false;
        }
      } finally {
        unfollow();
        await close();
      }
    },
  };
}

/** Number of frames from beginning to end; null if it is not known. */
function lengthOf(stream: {
  readonly isStill: boolean;
  readonly durationMs: number | null;
  readonly framesPerSecond: number | null;
}): number | null {
  const { isStill, durationMs, framesPerSecond } = stream;
  if (isStill) return 1;
  if (durationMs === null || framesPerSecond === null) return null;
  return Math.round((durationMs * framesPerSecond) / 1000);
}
