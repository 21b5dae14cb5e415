import type { DepthMap, MienError } from "@mien/format";

/** A colour picture. */
export interface RgbPicture {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [height, width, 3]. */
  readonly pixels: Uint8Array;
}

/** A picture that has just arrived from a child process. */
export interface Capture extends RgbPicture {
  readonly depth?: DepthMap;
}

/** A child process that delivers pictures until it ends. */
export interface Connection {
  /** Size of the first picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames per second as the stream declares them; null if not known. */
  readonly framesPerSecond: number | null;
  /** Length of the recording in milliseconds; null if there is no end. */
  readonly durationMs: number | null;
  /** Whether it is a still picture, which ends after one picture. Default false. */
  readonly isStill?: boolean;
  /**
   * Starts delivery, beginning with the picture for which `Connect` waited.
   *
   * @param onCapture receives each picture and returns whether there is room for more; if not,
   * delivery pauses until `resume`.
   */
  start(onCapture: (capture: Capture) => boolean): void;
  resume(): void;
  /**
   * Resolves when no more pictures come: at the end of a recording to undefined, else to the
   * reason.
   */
  readonly ended: Promise<MienError | undefined>;
  /**
   * Ends the child and waits for it.
   *
   * @param hangs whether the child no longer responds and is killed at once. Default false.
   */
  close(hangs?: boolean): Promise<void>;
}

/**
 * Starts a child process and waits for its first picture.
 *
 * @throws {MienError} if no picture comes; the message says why, and what to do.
 */
export type Connect = (signal: AbortSignal) => Promise<Connection>;
