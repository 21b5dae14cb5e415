import { MienError, type FaceResult, type RejectedBox } from "@mien/format";
import { boxInResult, isInside, type Box } from "../image/box.ts";
import { CutDetector } from "../track/cut-detector.ts";
import { DetectionSchedule } from "../detect/detection-schedule.ts";
import type { Detection } from "../detect/detector-kinds.ts";
import type { FaceDetector, RejectedDetection } from "../detect/face-detector.ts";
import type { FrameInput } from "../image/picture.ts";
import { measureRelief } from "../depth/depth-gate.ts";
import type { PipelineSettings } from "../pipeline-settings.ts";
import type { FrameDetections } from "./recorded-frame.ts";
import type { Stopwatch } from "./stopwatch.ts";
import { Tracker } from "../track/tracker.ts";

/** Where a face is in a frame. */
export interface LocatedFace {
  /** Null for still images. */
  readonly track: number | null;
  readonly box: Box;
  /** Score of the detector, 0–1. */
  readonly score: number;
  /** Whether the face was detected in this frame; otherwise its box is predicted. */
  readonly isDetected: boolean;
  readonly distanceMm: number | null;
  readonly relief: FaceResult["relief"];
}

/** The faces of a frame, and the boxes that do not count as faces. */
export interface LocatedFaces {
  readonly faces: readonly LocatedFace[];
  readonly rejected: readonly RejectedBox[];
  /** What the detector found; null if it did not run. */
  readonly detections: FrameDetections | null;
}

/** How a frame is located. */
export interface LocateOptions {
  /** Measures the times of detection and depth check. */
  readonly watch: Stopwatch;
  /**
   * What the detector found in an earlier run, null if it did not run; it is then not run.
   * Default: the detector is run when it is due.
   */
  readonly recorded?: FrameDetections | null | undefined;
}

type FaceWithoutDepth = Omit<LocatedFace, "distanceMm" | "relief">;

/**
 * Size of the smallest face that is sought while no face is followed and no search is due, in pixels
 * of the picture.
 */
const SMALLEST_NEW_FACE = 80;

/**
 * The first stage of the pipeline: detects faces, tracks them and checks them by depth. It remembers
 * the tracks of earlier frames, and ends them at a film's cut.
 */
export class FaceLocator {
  readonly #detector: FaceDetector;
  readonly #settings: PipelineSettings;
  readonly #schedule: DetectionSchedule;
  readonly #tracker: Tracker;
  readonly #cuts = new CutDetector();

  /** @param nextTrack gives each new track its id. */
  constructor(detector: FaceDetector, settings: PipelineSettings, nextTrack: () => number) {
    this.#detector = detector;
    this.#settings = settings;
    this.#schedule = new DetectionSchedule(settings.detectEvery);
    this.#tracker = new Tracker(settings.tracking, nextTrack);
  }

  /**
   * Locates the faces of the next frame.
   *
   * @throws {MienError} `bad-data` if the frame is recorded, but without detections where the
   * detector is due.
   */
  async locate(frame: FrameInput, timeMs: number, options: LocateOptions): Promise<LocatedFaces> {
    const { watch, recorded } = options;
    let detections: FrameDetections | null = null;
    const detect: Detect = async (smallestFace) => {
      detections = recorded === undefined ? await this.#detect(frame, smallestFace) : recorded;
      if (detections === null) {
        throw new MienError("bad-data", "the recorded frame has no detections");
      }
      for (const { box, reason } of detections.rejected) reject(box, reason);
      return detections.faces;
    };
    const rejected: RejectedBox[] = [];
    const reject = (box: Box, reason: string) => {
      rejected.push({ box: boxInResult(box, frame), reason });
    };
    const found = this.#settings.stills
      ? (await detect()).map(stillFace)
      : await this.#track(frame, timeMs, detect);
    watch.lap("detect");
    const faces = this.#checkDepth(frame, found, reject);
    if (frame.depth !== undefined) watch.lap("depth");
    return { faces, rejected, detections };
  }

  async #track(frame: FrameInput, timeMs: number, detect: Detect): Promise<FaceWithoutDepth[]> {
    const { width, height } = frame;
    const isCut = this.#cuts.isCut(frame);
    if (isCut) this.#tracker.endAll();
    const due = this.#schedule.next(timeMs, isCut);
    const smallest =
      due === "follow" ? (this.#tracker.smallestFace ?? SMALLEST_NEW_FACE) : undefined;
    const detections = due === "none" ? null : await detect(smallest);
    return this.#tracker
      .update(timeMs, detections)
      .filter(({ box }) => isInside(box, width, height))
      .map(({ id, box, score, missedMs }) => ({
        track: id,
        box,
        score,
        isDetected: due !== "none" && missedMs === 0,
      }));
  }

  async #detect(frame: FrameInput, smallestFace?: number): Promise<FrameDetections> {
    const rejected: RejectedDetection[] = [];
    const faces = await this.#detector.detect(frame, (one) => rejected.push(one), smallestFace);
    return { faces, rejected };
  }

  /** Adds distance and relief, and leaves out photographs unless the setting `flat` keeps them. */
  #checkDepth(
    frame: FrameInput,
    found: readonly FaceWithoutDepth[],
    reject: Reject,
  ): LocatedFace[] {
    const { depth } = frame;
    if (depth === undefined) {
      return found.map((face) => ({ ...face, distanceMm: null, relief: "unknown" }));
    }
    const { flat } = this.#settings;
    return found.flatMap((face): LocatedFace[] => {
      const { distanceMm, relief, reason } = measureRelief(depth, face.box, frame);
      if (flat === "off") return [{ ...face, distanceMm, relief: "unknown" }];
      if (relief === "flat" && flat === "reject") {
        reject(face.box, reason);
        return [];
      }
      return [{ ...face, distanceMm, relief }];
    });
  }
}

/** Runs the detector. @param smallestFace size in pixels of the smallest face that is sought. */
type Detect = (smallestFace?: number) => Promise<readonly Detection[]>;

function stillFace({ box, score }: Detection): FaceWithoutDepth {
  return { track: null, box, score, isDetected: true };
}

/** Receives a box that does not count as a face, and the reason. */
type Reject = (box: Box, reason: string) => void;
