import type { DepthMap, MienError } from "@mien/format";
import type { RgbPicture } from "./ppm-reader.ts";

/** A picture that has just arrived. */
export interface Capture extends RgbPicture {
  readonly depth?: DepthMap;
  /** The recording's own time in milliseconds; without it, the time of arrival counts. */
  readonly timeMs?: number;
}

/** One child process that delivers pictures until it ends. */
export interface Connection {
  /** In pixels, of the first picture. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number | null;
  /** Of the whole recording; null for what has no end. */
  readonly durationMs: number | null;
  /**
   * Begins to deliver, with the picture that proved the connection.
   *
   * @param onCapture answers whether there is room for more; if not, delivery waits for `resume`.
   */
  start(onCapture: (capture: Capture) => boolean): void;
  resume(): void;
  /** Resolves when no more pictures come: to undefined at the regular end, else to the reason. */
  readonly ended: Promise<MienError | undefined>;
  /**
   * Ends the child and waits for it.
   *
   * @param hangs it is not worth asking.
   */
  close(hangs?: boolean): Promise<void>;
}

/**
 * Starts a child process and waits for its first picture.
 *
 * @throws {MienError} if none comes, with the reason and its remedy.
 */
export type Connect = (signal: AbortSignal) => Promise<Connection>;
