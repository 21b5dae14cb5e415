import type { Calibration } from "./camera-parameters.ts";
import { COLOUR_BYTES, DEPTH_BYTES } from "./recording.ts";

/** What the parent tells the child on its command line, as JSON. */
export interface KinectTask {
  /** Libraries to try, in order. */
  readonly candidates: readonly string[];
  /** Deliver pictures, or only say what there is. */
  readonly task: "stream" | "probe";
}

/** Where the child got to, when it failed. */
export type KinectStep = "library" | "usb" | "device" | "open" | "start" | "events";

/** What the child tells the parent over their message channel. */
export type KinectMessage =
  | { readonly type: "failed"; readonly step: KinectStep; readonly detail: string }
  /** Pictures follow; the calibration is null if the library does not tell it. */
  | { readonly type: "streaming"; readonly calibration: Calibration | null }
  /** fakenect's recording has ended. */
  | { readonly type: "ended" }
  /** To a probe: the library is there; it sees so many devices, and opens the first. */
  | { readonly type: "loaded"; readonly library: string }
  | { readonly type: "probed"; readonly devices: number };

/** The pipe for pictures, as a file descriptor of the child. */
export const PICTURES = 4;
/** Raw depth, then colour: every pair has this length on that pipe. */
export const PAIR_BYTES = DEPTH_BYTES + COLOUR_BYTES;
