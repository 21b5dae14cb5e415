import { setTimeout } from "node:timers";
import { MienError } from "@mien/format";
import { connectKinect } from "../kinect/kinect-connection.ts";
import { RecordingWriter } from "./recording-writer.ts";

/** Pairs that may wait for the disk; then newer ones are left out. */
const MOST_WAITING = 8;
/** Ticks of the device's clock in a millisecond. */
const CLOCK = 60e3;

/** What became of a recording. */
export interface RecordedKinect {
  readonly frames: number;
  /** Pairs that were left out because the disk was too slow. */
  readonly dropped: number;
  readonly bytes: number;
  /** Why it ended before its time. */
  readonly lost: MienError | undefined;
}

/**
 * Stores what the Kinect sees, until the time is over, the signal fires or the Kinect is lost.
 *
 * @throws {MienError} if the Kinect cannot be opened, or the folder not be written or not empty.
 */
export async function recordKinect(
  folder: string,
  options: {
    /** Length; undefined for no end. */
    readonly seconds?: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (frames: number) => void;
  },
): Promise<RecordedKinect> {
  const { seconds, signal, onProgress } = options;
  let frames = 0;
  let dropped = 0;
  let waiting = 0;
  let problem: Error | undefined;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  let written: Promise<void> = Promise.resolve();
  const started = performance.now();
  const save = async (raw: Uint16Array, pixels: Uint8Array, elapsed: number) => {
    const now = Date.now() / 1000;
    await writer.addDepth(now, elapsed * CLOCK, raw);
    await writer.addColour(now, elapsed * CLOCK, pixels);
    waiting--;
    onProgress?.(++frames);
  };
  const connection = await connectKinect(signal, {
    onRaw(raw, pixels) {
      if (waiting >= MOST_WAITING) {
        dropped++;
        return;
      }
      waiting++;
      const elapsed = performance.now() - started;
      const depth = raw.slice();
      written = written.then(() => save(depth, pixels, elapsed));
      written.catch((error: Error) => {
        problem ??= error;
        stop();
      });
    },
  });
  const writer = await RecordingWriter.create(folder, connection.calibration).catch(
    async (error: unknown) => {
      await connection.close();
      throw error;
    },
  );
  signal?.addEventListener("abort", stop, { once: true });
  // It may have fired while the folder was made.
  if (signal?.aborted) stop();
  const timer = seconds === undefined ? undefined : setTimeout(stop, seconds * 1000);
  connection.start(() => true);
  const lost = await Promise.race([connection.ended, stopped.then(() => undefined)]);
  clearTimeout(timer);
  await connection.close();
  await written.catch(() => undefined);
  if (problem !== undefined || frames === 0) {
    await writer.discard();
    throw problem ?? lost ?? new MienError("interrupted", "nothing came from the Kinect yet");
  }
  await writer.finish();
  return { frames, dropped, bytes: writer.bytes, lost };
}
