/** Sent once at the start of a stream of results. */
export interface StreamHeader {
  /** Class names in the order of `FaceResult.probabilities`. */
  readonly labels: readonly string[];
  /** Path of the model file. */
  readonly model: string;
}

/**
 * The meaning of the numbers of a box; a `StreamLine` contains it for readers of the file.
 *
 * @internal
 */
export const BOX_CONVENTION =
  "[x, y, width, height] in pixels of the frame; x to the right and y down from its upper left corner";

/** The first line of a results file. */
export interface StreamLine extends StreamHeader {
  readonly type: "stream";
  /** The file or camera, without its password. */
  readonly source: string;
  /** Frames per second that the source declares; null for images, and if the source declares none. */
  readonly frameRate: number | null;
  /** `BOX_CONVENTION`: the meaning of the numbers of a box. */
  readonly box: string;
}

/** Makes the first line of a results file. */
export function streamLine(about: Omit<StreamLine, "type" | "box">): StreamLine {
  const { source, frameRate, model, labels } = about;
  return { type: "stream", source, frameRate, box: BOX_CONVENTION, model, labels };
}

/**
 * The result of one frame; the same object in a results file, in messages to the page and in the
 * page.
 */
export interface FrameResult {
  /** Distinguishes a result from the first line of a results file, and from other messages. */
  readonly type: "frame";
  /** The source of the frame; for images, also in a folder, the path of the image. */
  readonly source: string;
  /** 0 for the first frame of the source. */
  readonly frame: number;
  /** Milliseconds since the source was opened; for a video file, since the beginning of the file. */
  readonly timeMs: number;
  /** Width of the frame in pixels. */
  readonly width: number;
  /** Height of the frame in pixels. */
  readonly height: number;
  /** Milliseconds by stage (`detect`, `classify`, …) and in `total`. */
  readonly timings: Readonly<Record<string, number>>;
  readonly faces: readonly FaceResult[];
  /** Detections that were rejected; present only if they were requested. */
  readonly rejected?: readonly RejectedBox[];
  /**
   * The content of the confirmation windows, by the track of each face (as a string): for each
   * label, in the order of the stream's labels, the number of frames in the window in which this
   * label was the most probable. The counts sum to the length of the window, and to less until the
   * window is full. Present only if requested; empty for still images.
   */
  readonly windows?: Readonly<Record<string, readonly number[]>>;
}

/** A detection that does not count as a face. */
export interface RejectedBox {
  /** [x, y, width, height] in pixels of the frame. */
  readonly box: readonly [number, number, number, number];
  /** The reason in words: `flat: 3.0 mm from a plane at 1.20 m`. */
  readonly reason: string;
}

/** One face in one frame. */
export interface FaceResult {
  /**
   * Number of the track: the same while a face is followed from frame to frame; null for still
   * images.
   */
  readonly track: number | null;
  /** [x, y, width, height] in pixels of the frame. */
  readonly box: readonly [number, number, number, number];
  /** Score of the face detector, 0–1; 1 for a face that was given already cropped. */
  readonly score: number;
  /**
   * Distance from the camera in millimetres; null without a depth camera, or if the depth is
   * unknown.
   */
  readonly distanceMm: number | null;
  /** The answer of the depth gate: whether the depth in the box has the shape of a head or is flat. */
  readonly relief: "face" | "flat" | "unknown";
  /** The recognised person; null for a stranger, or without recognition. */
  readonly person: { readonly name: string; readonly distance: number } | null;
  /** In the order of the stream's labels; sums to 1. */
  readonly probabilities: readonly number[];
  /** The label with the highest probability. */
  readonly expression: string;
  /**
   * The expression that fills more than the quorum of the confirmation window; if none does, the
   * fallback: Neutral, or `unsure`. Null until the window is full, and for still images.
   */
  readonly confirmed: string | null;
  /**
   * Whether an expression fills more than the quorum; false if `confirmed` is the fallback. Null if
   * `confirmed` is null.
   */
  readonly quorumReached: boolean | null;
}

/**
 * The confirmed expression as text for people: `Happy`; `Neutral (unsure)` if no expression reached
 * the quorum; undefined if nothing is confirmed yet.
 */
export function confirmedText(
  face: Pick<FaceResult, "confirmed" | "quorumReached">,
): string | undefined {
  const { confirmed, quorumReached } = face;
  if (confirmed === null) return undefined;
  return quorumReached === false && confirmed !== "unsure" ? `${confirmed} (unsure)` : confirmed;
}
