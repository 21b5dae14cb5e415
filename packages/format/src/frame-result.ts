/** Sent once at the start of a stream of results: what the numbers in it mean. */
export interface StreamHeader {
  /** Class names in the order of `FaceResult.probabilities`. */
  readonly labels: readonly string[];
  /** The model file that was used. */
  readonly model: string;
}

/** What the numbers of a box are; a `StreamLine` repeats it for readers of the file. */
export const BOX_CONVENTION =
  "[x, y, width, height] in pixels of the frame; x to the right and y down from its upper left corner";

/** The first line of a results file. */
export interface StreamLine extends StreamHeader {
  readonly type: "stream";
  /** Of the file or camera, without its password. */
  readonly source: string;
  /** Frames a second, as the source declares it; null for images and where it is not known. */
  readonly frameRate: number | null;
  /** `BOX_CONVENTION`. */
  readonly box: string;
}

/** The first line of a results file, from what is known of the stream. */
export function streamLine(about: Omit<StreamLine, "type" | "box">): StreamLine {
  const { source, frameRate, model, labels } = about;
  return { type: "stream", source, frameRate, box: BOX_CONVENTION, model, labels };
}

/** What was seen in one frame; the same object in a results file, on the wire and in the page. */
export interface FrameResult {
  /** Tells it from the first line of a results file, and from other messages on the wire. */
  readonly type: "frame";
  /** Where the frame came from; for images, also in a folder, that image's path. */
  readonly source: string;
  /** 0 for the first frame of the source. */
  readonly frame: number;
  /** Milliseconds since the source was opened. */
  readonly timeMs: number;
  /** Of the frame, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Milliseconds spent, by stage (`decode`, `classify`, …). */
  readonly timings: Readonly<Record<string, number>>;
  readonly faces: readonly FaceResult[];
  /** What looked like a face and was left out; only where it was asked for. */
  readonly rejected?: readonly RejectedBox[];
  /**
   * By the track of each face, as a string: in how many of the last frames each label won, in the
   * order of the stream's labels. The frames are those of the confirmation window, 20 by default;
   * while it fills, the counts add up to less. Only where it was asked for; empty for still images.
   */
  readonly windows?: Readonly<Record<string, readonly number[]>>;
}

/** A place that looked like a face. */
export interface RejectedBox {
  /** [x, y, width, height] in pixels of the frame. */
  readonly box: readonly [number, number, number, number];
  /** Why it is none, for people: `flat: 3 mm from a plane at 1.2 m`. */
  readonly reason: string;
}

/** One face in one frame. */
export interface FaceResult {
  /** Stays the same while a face is followed from frame to frame; null for still images. */
  readonly track: number | null;
  /** [x, y, width, height] in pixels of the frame. */
  readonly box: readonly [number, number, number, number];
  /** How sure the detector is, 0–1; 1 for a face that was given already cropped. */
  readonly score: number;
  /** Distance from the camera in millimetres, where a depth camera tells it. */
  readonly distanceMm: number | null;
  /** Whether the depth inside the box looks like a head or like a flat picture of one. */
  readonly relief: "face" | "flat" | "unknown";
  /** Who it is, or null for a stranger or while recognition is off. */
  readonly person: { readonly name: string; readonly distance: number } | null;
  /** In the order of the stream's labels; sums to 1. */
  readonly probabilities: readonly number[];
  /** The label with the highest probability. */
  readonly expression: string;
  /**
   * The expression that fills more than the quorum of the confirmation window; where none does,
   * what stands for that: Neutral, or `unsure`. Null until the window is full, and for still images.
   */
  readonly confirmed: string | null;
  /**
   * Whether an expression fills more than the quorum: false where `confirmed` is Neutral or `unsure`
   * because none does. Null where `confirmed` is.
   */
  readonly quorumReached: boolean | null;
}

/**
 * What is confirmed, for people: `Happy`; `Neutral (unsure)` where no expression reached the
 * quorum; undefined where nothing is confirmed yet.
 */
export function confirmedText(
  face: Pick<FaceResult, "confirmed" | "quorumReached">,
): string | undefined {
  const { confirmed, quorumReached } = face;
  if (confirmed === null) return undefined;
  return quorumReached === false && confirmed !== "unsure" ? `${confirmed} (unsure)` : confirmed;
}
