import type { ConfirmationOptions } from "./expression/confirmation.ts";
import type { DetectorOptions } from "./detect/face-detector.ts";
import type { ModelSource } from "./session/ort.ts";
import type { People } from "./people/people.ts";
import type { SessionChoices } from "./session/session-choices.ts";
import type { TrackerOptions } from "./track/tracker.ts";

/** Frames from one look for faces to the next; docs/runtime.md says what fewer looks cost. */
export const DETECT_EVERY = 3;

/** What a pipeline is made of, and how it works. */
export interface PipelineOptions extends SessionChoices {
  /** The expression model: a path in Node, an address in the browser, or the content of the file. */
  readonly expression: ModelSource;
  /** The face detector: the one that comes with mien, or any YuNet. */
  readonly detector: ModelSource;
  /** What counts as a face. */
  readonly detection?: Omit<DetectorOptions, keyof SessionChoices>;
  /**
   * The people to recognise; stays the caller's, who may add and remove people at any time, and
   * closes its recogniser. Without it nobody is recognised.
   */
  readonly people?: People;
  /** Every picture is for itself: no tracks, no confirmation. Default false. */
  readonly stills?: boolean;
  /**
   * Faces are looked for in every n-th frame and followed in between; default 3. Where frames come
   * slower than 30 a second, n thirtieths of a second are the longest that it waits.
   */
  readonly detectEvery?: number;
  /** A face is recognised again every n-th frame, once it was seen a few times; default 15. */
  readonly recogniseEvery?: number;
  /**
   * Also reads the mirror image of each face and takes the mean: a little more accurate, twice the
   * work. Default false.
   */
  readonly mirror?: boolean;
  /**
   * What becomes of pictures of faces where there is depth: `reject` (default) leaves them out,
   * `tell` keeps them with `relief: "flat"`, `off` does not look at depth for that.
   */
  readonly flat?: "reject" | "tell" | "off";
  readonly tracking?: TrackerOptions;
  readonly confirmation?: ConfirmationOptions;
  /** Whether results list what was rejected, and why. Default false. */
  readonly rejected?: boolean;
  /** What results give as their source where frames have no path of their own; default "". */
  readonly source?: string;
}
