import type { FrameResult, StreamHeader } from "@mien/format";

/**
 * What goes over `/ws`.
 *
 * The server sends text: first a `Hello`, then `Status`, `LiveResult`, `Stats` and `Enrolment`
 * messages, told apart by `type`; and binary: one byte that says what picture it is, the number of
 * its frame as a 32-bit little-endian integer, and the picture as JPEG. A page whose own camera took
 * the picture has it already, and gets in its place the page's number of it, again 32 bits. The
 * result of a frame comes before its picture. A viewer that cannot keep up gets fewer frames.
 *
 * A page sends a `ViewerMessage` as text, and pictures of its own camera as binary: a `CameraHeader`
 * and the pixels.
 */
export type ServerMessage = Hello | Status | LiveResult | Stats | Enrolment;

/** The first byte of a binary message. */
export const PICTURE = { colour: 1, depth: 2, own: 3 } as const;
/** Bytes before the picture, or the page's number of it, in a binary message. */
export const PICTURE_HEADER = 5;

/** Sent once to every viewer. */
export interface Hello extends StreamHeader {
  readonly type: "hello";
  /** What `--source` says; `browser` for the page's own camera. */
  readonly source: string;
  /** Whether pages send their camera's pictures. */
  readonly browser: boolean;
  /** Whether the source is a Kinect or a recording of one, and has depth. */
  readonly kinect: boolean;
  readonly window: { readonly size: number; readonly quorum: number };
  /** Names of those who are enrolled; recognition is off while there are none. */
  readonly people: readonly string[];
  /** Whether a model card is served at `/api/card`. */
  readonly card: boolean;
}

/** How the source is. */
export interface Status {
  readonly type: "status";
  /**
   * - `waiting`: for a page to share its camera;
   * - `starting`, `running`;
   * - `lost`: a camera that is being opened again, and why;
   * - `ended`: the source has no more frames.
   */
  readonly state: "waiting" | "starting" | "running" | "lost" | "ended";
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** The folder that is being recorded into. */
  readonly recording: string | null;
}

/** A frame's result, as `analyze` writes it (`type` is `frame`), and what only a live page needs. */
export interface LiveResult extends FrameResult {
  /** When the frame came in, in milliseconds since 1970. */
  readonly capturedAt: number;
  /** Whether there is a depth picture. */
  readonly depth: boolean;
  /** By track: how often each label won in the confirmation window, in the labels' order. */
  readonly windows: Readonly<Record<string, readonly number[]>>;
}

/** How the server is doing; once a second. */
export interface Stats {
  readonly type: "stats";
  readonly framesPerSecond: number;
  /** From a frame's arrival to its results, in milliseconds, median of the last second. */
  readonly processMs: number;
  /** Of one core, in percent. */
  readonly cpuPercent: number;
  readonly viewers: number;
  /** Frames that the source delivered, but that came too fast to be worked on. */
  readonly dropped: number;
}

/** How far an enrolment is. */
export interface Enrolment {
  readonly type: "enrolment";
  /** Null when none is going on; `review` when there are enough pictures. */
  readonly state: "capturing" | "review" | null;
  readonly name: string;
  readonly wanted: number;
  /** One a picture: whether it is kept. */
  readonly pictures: readonly boolean[];
  /** What to do now. */
  readonly guidance: string;
  /** How many pictures were left out, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** What speaks against enrolling these pictures, in sentences. */
  readonly doubts: readonly string[];
}

/** What a page sends as text. */
export type ViewerMessage =
  /** Whether the page wants depth pictures. Default false. */
  | { readonly type: "watch"; readonly depth: boolean }
  /** Whether the page wants colour pictures; a hidden or paused page does not. Default true. */
  | { readonly type: "pictures"; readonly wanted: boolean };

/** @returns undefined if the text is not a message of a page; a missing value is the default. */
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

/** Somebody who is enrolled, as `/api/people` tells. */
export interface PersonSummary {
  readonly name: string;
  /** ISO 8601. */
  readonly enrolled: string;
  readonly pictures: number;
  /** ISO 8601; then the person is deleted by itself. */
  readonly keepUntil: string | null;
}

/** What `/api/people` tells. */
export interface PeopleSummary {
  readonly folder: string;
  readonly people: readonly PersonSummary[];
  /** Expected share of strangers who are taken for somebody, and of own pictures turned away, 0–1. */
  readonly falseAccept: number | null;
  readonly falseReject: number | null;
}
