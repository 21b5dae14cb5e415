import { setTimeout } from "node:timers";
import { MienError } from "@mien/format";
import { connectKinect } from "../kinect/kinect-connection.ts";
import { RecordingWriter } from "./recording-writer.ts";

/** How many pairs may wait to be written; while so many wait, newer pairs are dropped. */
const MOST_WAITING = 8;
/** Ticks of the device's clock per millisecond. */
const CLOCK = 60e3;

/** The result of recording. */
export interface RecordedKinect {
  /** Number of pairs that were written. */
  readonly frames: number;
  /** Number of pairs that were dropped because the disk was too slow. */
  readonly dropped: number;
  /** Size of the pictures. */
  readonly bytes: number;
  /** Why the Kinect was lost, if that ended the recording. */
  readonly lost: MienError | undefined;
}

/**
 * Records the Kinect until the time is over, the signal fires or the Kinect is lost.
 *
 * @param folder must be empty or not exist.
 * @throws {MienError} if the Kinect cannot be opened, or the folder cannot be written or is not empty.
 */
export async function recordKinect(
  folder: string,
  options: {
    /** Length of the recording. Default no limit. */
    readonly seconds?: number;
    readonly signal?: AbortSignal;
    /** Called after each pair with the number of pairs. */
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
    const time = { seconds: Date.now() / 1000, clock: elapsed * CLOCK };
    await writer.addDepth(time, raw);
    await writer.addColour(time, pixels);
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
  const writer = await RecordingWriter.create(folder, connection.cameraParameters).catch(
    async (error: unknown) => {
      await connection.close();
      throw error;
    },
  );
  signal?.addEventListener("abort", stop, { once: true });
  // The signal may have fired while the folder was made.
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
