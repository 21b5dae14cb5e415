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
 * A page sends `ViewerMessage` as text, and pictures of its own camera as binary: a `CameraHeader`,
 * then the pixels.
 */
export type ServerMessage = Hello | Status | LiveResult | Stats | Enrolment;

/** The first byte of a binary message of the server: the kind of its picture. */
export const PICTURE = { colour: 1, depth: 2, own: 3 } as const;
/** Length of the header of a binary message of the server, in bytes. */
export const PICTURE_HEADER = 5;

/** Sent to every viewer when it connects, and again when the enrolled people change. */
export interface Hello extends StreamHeader {
  readonly type: "hello";
  /** The value of `--source`; `browser` for the page's own camera. */
  readonly source: string;
  /** Whether the page sends pictures of its own camera. */
  readonly browser: boolean;
  /** Whether the source is a Kinect or a recording of one, and has depth. */
  readonly kinect: boolean;
  /** The confirmation window: its length in frames, and the share of it that confirms, 0–1. */
  readonly window: { readonly size: number; readonly quorum: number };
  /** Names of the enrolled people; recognition is off if there are none. */
  readonly people: readonly string[];
  /** Whether a model card is served at `/api/card`. */
  readonly card: boolean;
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
  | { readonly type: "pictures"; readonly wanted: boolean };

/**
 * Reads a text message of a page. A value that is missing or not a boolean is read as the default.
 *
 * @returns undefined if the text is not JSON, or has no known `type`.
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
  return undefined;
}

/** An enrolled person in the answer of `/api/people`. */
export interface PersonSummary {
  readonly name: string;
  /** When the person was enrolled; ISO 8601. */
  readonly enrolled: string;
  readonly pictures: number;
  /** When the person is deleted automatically; ISO 8601. Null: never. */
  readonly keepUntil: string | null;
}

/** The answer of `/api/people`. */
export interface PeopleSummary {
  /** The folder in which they are stored. */
  readonly folder: string;
  readonly people: readonly PersonSummary[];
  /**
   * Estimated error rates, 0–1; null if they are not known. `falseAccept`: the share of strangers who
   * are recognised as an enrolled person.
   */
  readonly falseAccept: number | null;
  /** The share of pictures of enrolled people that are not recognised. */
  readonly falseReject: number | null;
}
