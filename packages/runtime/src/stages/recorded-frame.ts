import type { RejectedDetection } from "../detect/face-detector.ts";
import type { Detection } from "../detect/detector-kinds.ts";

/** What the detector found in a frame. It can be stored as JSON. */
export interface FrameDetections {
  readonly faces: readonly Detection[];
  readonly rejected: readonly RejectedDetection[];
}

/** What the models found in a frame in an earlier run; see `ProcessOptions.recorded`. */
export interface RecordedFrame {
  /** Null if the detector did not run on this frame. */
  readonly detections: FrameDetections | null;
  /** `FaceResult.probabilities` of each face of the result. */
  readonly probabilities: readonly (readonly number[])[];
}
