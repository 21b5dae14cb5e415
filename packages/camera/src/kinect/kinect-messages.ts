import type { CameraParameters } from "./camera-parameters.ts";
import { COLOUR_BYTES, DEPTH_BYTES } from "./picture-size.ts";

/** The task that the parent gives to the child, as JSON on its command line. */
export interface KinectTask {
  /** Libraries to try, in order. */
  readonly candidates: readonly string[];
  /** `stream` delivers pictures; `probe` only reports which devices there are. */
  readonly task: "stream" | "probe";
}

/** The step at which the child failed. */
export type KinectStep = "library" | "usb" | "device" | "open" | "start" | "events";

/** A message from the child to the parent, over Node's message channel. */
export type KinectMessage =
  | { readonly type: "failed"; readonly step: KinectStep; readonly detail: string }
  /** Pictures follow. The camera parameters are null if the library does not know them. */
  | { readonly type: "streaming"; readonly cameraParameters: CameraParameters | null }
  /** fakenect's recording has ended. */
  | { readonly type: "ended" }
  /** To a probe: the library was loaded; then, how many devices it finds. */
  | { readonly type: "loaded"; readonly library: string }
  | { readonly type: "probed"; readonly devices: number };

/** The pipe for pictures, as a file descriptor of the child. */
export const PICTURES = 4;
/** Raw depth, then colour: every pair has this length on that pipe. */
export const PAIR_BYTES = DEPTH_BYTES + COLOUR_BYTES;
