import type { FaceResult, RejectedBox } from "@mien/format";
import type { SessionPerson } from "./session-summary.ts";

/** The analysis of a file that a page has sent, in the answer of `/api/files/ID`. */
export interface FileAnalysis {
  readonly id: string;
  /** The name of the file. */
  readonly name: string;
  /** `waiting` while another file is analysed. */
  readonly state: "waiting" | "reading" | "done" | "failed";
  /** Frames that were analysed. */
  readonly frames: number;
  /** Number of frames of the file; null if it is not known. */
  readonly total: number | null;
  /** Estimated time until it is done; null if it is not known. */
  readonly secondsLeft: number | null;
  /** Why it failed, and what to do, in sentences; null if it did not fail. */
  readonly problem: string | null;
  /** Null until it is done. */
  readonly result: FileResult | null;
}

/** The result of the analysis of a file. */
export type FileResult =
  | {
      readonly kind: "image";
      readonly labels: readonly string[];
      readonly width: number;
      readonly height: number;
      readonly faces: readonly FaceResult[];
      readonly rejected: readonly RejectedBox[];
    }
  | {
      readonly kind: "film";
      readonly labels: readonly string[];
      /** Time from the first frame to the last. */
      readonly seconds: number;
      readonly faces: readonly FilmFace[];
    };

/** A face in a film. */
interface FilmFace extends SessionPerson {
  /** When the face was first and last visible, in seconds since the beginning of the film. */
  readonly from: number;
  readonly to: number;
}
