import type { FrameDetections, RecordedFrame } from "./stages/recorded-frame.ts";

/** Options of one frame. */
export interface ProcessOptions {
  /** Number of the frame; default: that of the picture, else the pipeline counts from 0. */
  readonly index?: number | undefined;
  /**
   * Time of the frame in milliseconds; default: that of the picture, else the time since the pipeline
   * was opened.
   */
  readonly timeMs?: number | undefined;
  /** Cancels the frame while it waits for its turn. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Receives what the detector found in the frame, null if it did not run. Stored together with the
   * result, it is what `recorded` takes.
   */
  readonly onDetections?: ((detections: FrameDetections | null) => void) | undefined;
  /**
   * What the models found in this frame in an earlier run. Detector and expression model are then
   * not run, and tracks, people and confirmation windows go on as if they had been: the result is
   * that of the earlier run, except for its timings. Frames and settings must be the same.
   */
  readonly recorded?: RecordedFrame | undefined;
}

/** Options of a stream of frames. */
export type RunOptions = Pick<ProcessOptions, "signal">;
