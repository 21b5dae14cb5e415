import type { FrameResult, StreamHeader } from "@mien/format";

/**
 * The text messages that the server sends over `/ws`, as JSON: one `Hello`, then `Status`,
 * `LiveResult`, `Stats` and `Enrolment` messages, distinguished by `type`.
 *
 * The server also sends binary messages. Byte 0 is the kind of the picture (`PICTURE`), bytes 1–4 are
 * the number of its frame as a little-endian integer, and the rest is the picture as JPEG. For a picture
 * of the page's own camera (`PICTURE.own`), the rest is `CameraHeader.number` instead, as a 32-bit
 * little-endian integer, because the page still has the picture. The result of a frame is sent before
 * its picture. A viewer that reads too slowly gets fewer frames.
 *
 * A viewer that opens `/ws?ack=1` acknowledges frames: after the result and the pictures of a frame, it
 * gets `Sent`, and answers with `ack` when the frame is on its screen. While frames are not
 * acknowledged, newer frames replace each other at the server, so that a slow page gets fewer frames
 * and never old ones.
 *
 * The server reads the camera of one page at a time. Only that page gets `PICTURE.own`; nobody gets
 * the pictures themselves. Every viewer gets the results.
 *
 * A viewer that opens `/ws?pictures=0` gets no colour pictures until it requests them.
 *
 * A page sends `ViewerMessage` as text, and pictures of its own camera as binary: a `CameraHeader`,
 * then the pixels.
 */
export type ServerMessage = Hello | Status | LiveResult | Sent | Stats | Enrolment | CameraRefused;

/** The first byte of a binary message of the server: the kind of its picture. */
export const PICTURE = { colour: 1, depth: 2, own: 3 } as const;
/** Length of the header of a binary message of the server, in bytes. */
export const PICTURE_HEADER = 5;

/** Sent to every viewer when it connects, and again when the enrolled people or the settings change. */
export interface Hello extends StreamHeader {
  readonly type: "hello";
  /** The value of `--source`; `browser` for the page's own camera. */
  readonly source: string;
  /** Whether the page sends pictures of its own camera. */
  readonly browser: boolean;
  /** Whether the source is a Kinect or a recording of one, and has depth. */
  readonly kinect: boolean;
  /** The picture size that the page asks its camera for, in pixels. */
  readonly resolution: { readonly width: number; readonly height: number };
  /** The confirmation window: its length in frames, and the share of it that confirms, 0–1. */
  readonly window: { readonly size: number; readonly quorum: number };
  /** Names of the enrolled people; recognition is off if there are none. */
  readonly people: readonly string[];
  /** Whether a model card is served at `/api/card`. */
  readonly card: boolean;
  /** Whether this viewer may only view: it cannot record, enrol, or change settings. */
  readonly viewOnly: boolean;
  /** Whether pages begin in privacy mode, in which they request no pictures. */
  readonly privacy: boolean;
  /** Whether other machines may open the page, so that pictures are sent over the network. */
  readonly network: boolean;
}

/** Sent to a page whose camera is not read, because another page shares its camera. */
interface CameraRefused {
  readonly type: "camera-refused";
  /** The reason, as the rest of a sentence. */
  readonly message: string;
}

/** The state of the source, and of the recording. */
export interface Status {
  readonly type: "status";
  /**
   * - `waiting`: no page shares its camera yet;
   * - `starting`: the source is being opened;
   * - `running`: frames arrive;
   * - `lost`: the camera failed and is being reopened; `message` gives the reason;
   * - `ended`: the source has no more frames.
   */
  readonly state: "waiting" | "starting" | "running" | "lost" | "ended";
  readonly message: string;
  /** What the user can do about it. */
  readonly advice?: string | undefined;
  /** The folder into which results are recorded; null if they are not. */
  readonly recording: string | null;
  /** When the recording began, in milliseconds since 1970; null if results are not recorded. */
  readonly recordingSince: number | null;
  /** For each picture of a folder that cannot be read, a sentence that names it and the reason. */
  readonly broken: readonly string[];
}

/** The result of a frame as `analyze` writes it (`type` is `frame`), with additions for the page. */
export interface LiveResult extends FrameResult {
  /** When the frame arrived at the server, in milliseconds since 1970. */
  readonly capturedAt: number;
  /** Whether the frame has a depth picture. */
  readonly depth: boolean;
  /** Per track: in how many frames of the confirmation window each label was the most probable, in the order of the labels. */
  readonly windows: Readonly<Record<string, readonly number[]>>;
}

/** Sent after the result and the pictures of a frame to viewers that acknowledge frames. */
export interface Sent {
  readonly type: "sent";
  /** `FrameResult.frame`. */
  readonly frame: number;
}

/** The load of the server; sent once a second. */
export interface Stats {
  readonly type: "stats";
  readonly framesPerSecond: number;
  /** Time from the arrival of a frame to its result, in milliseconds; median of the last second. */
  readonly processMs: number;
  /** CPU time of the server, in percent of one core; above 100 if it uses several. */
  readonly cpuPercent: number;
  readonly viewers: number;
  /** Frames since the start that were not analysed because they arrived too fast. */
  readonly dropped: number;
  /** What this viewer gets; null if it does not acknowledge frames. */
  readonly viewer: ViewerPace | null;
}

/** The frames of a viewer that acknowledges frames. */
export interface ViewerPace {
  /** Acknowledged frames in the last second. */
  readonly framesPerSecond: number;
  /**
   * Time from the arrival of a frame at the server until the server knows that it is on the screen, in
   * milliseconds; the longest of the last second. Null if no frame was acknowledged in that second.
   */
  readonly lagMs: number | null;
  /** Frames since the viewer connected that it did not get because it was too slow. */
  readonly skipped: number;
}

/** The progress of an enrolment. */
export interface Enrolment {
  readonly type: "enrolment";
  /** Null if no enrolment is in progress; `review` once there are enough pictures. */
  readonly state: "capturing" | "review" | null;
  readonly name: string;
  /** How many pictures to take. */
  readonly wanted: number;
  /** For each picture taken, whether it is kept. */
  readonly pictures: readonly boolean[];
  /** The pose that is asked for now; null unless pictures are taken. */
  readonly pose: {
    /** Counts from 0. */
    readonly index: number;
    /** Number of poses. */
    readonly count: number;
    /** Where to turn or go; `move`: different expressions. Left and right are those of the person. */
    readonly direction: "ahead" | "left" | "right" | "up" | "down" | "closer" | "back" | "move";
    /** Time until pictures of this pose are taken, in seconds, rounded up; 0 while they are taken. */
    readonly secondsLeft: number;
    /** Whether mien checks that the person does what is asked. */
    readonly isChecked: boolean;
  } | null;
  /** An instruction for the person: what to do now. */
  readonly guidance: string;
  /** How many pictures were rejected, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Warnings about these pictures, in whole sentences. */
  readonly doubts: readonly string[];
}

/** A text message of a page. */
export type ViewerMessage =
  /** Whether the page wants depth pictures. Default false. */
  | { readonly type: "watch"; readonly depth: boolean }
  /** Whether the page wants colour pictures; false while it is hidden or paused. Default true. */
  | { readonly type: "pictures"; readonly wanted: boolean }
  /** The frame is on the screen, see `Sent`. */
  | { readonly type: "ack"; readonly frame: number };

/**
 * Reads a text message of a page. A boolean that is missing or malformed is read as the default.
 *
 * @returns undefined if the text is not JSON, has no known `type`, or acknowledges no frame.
 */
export function readViewerMessage(text: string): ViewerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("type" in value)) return undefined;
  if (value.type === "watch") {
    return { type: "watch", depth: "depth" in value && value.depth === true };
  }
  if (value.type === "pictures") {
    return { type: "pictures", wanted: !("wanted" in value && value.wanted === false) };
  }
  if (value.type === "ack" && "frame" in value && Number.isSafeInteger(value.frame)) {
    return { type: "ack", frame: Number(value.frame) };
  }
  return undefined;
}
