import type { FaceResult, RejectedBox } from "@mien/format";
import { boxInResult, isInside, type Box } from "../image/box.ts";
import { DetectionSchedule } from "../detect/detection-schedule.ts";
import type { FaceDetector } from "../detect/face-detector.ts";
import type { FrameInput } from "../image/picture.ts";
import { measureRelief } from "../depth/depth-gate.ts";
import type { PipelineSettings } from "../pipeline-settings.ts";
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
}

type FaceWithoutDepth = Omit<LocatedFace, "distanceMm" | "relief">;

/**
 * The first stage of the pipeline: detects faces, tracks them and checks them by depth. It remembers
 * the tracks of earlier frames.
 */
export class FaceLocator {
  readonly #detector: FaceDetector;
  readonly #settings: PipelineSettings;
  readonly #schedule: DetectionSchedule;
  readonly #tracker: Tracker;

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
   * @param watch measures the times of detection and depth check.
   */
  async locate(frame: FrameInput, timeMs: number, watch: Stopwatch): Promise<LocatedFaces> {
    const rejected: RejectedBox[] = [];
    const reject = (box: Box, reason: string) => {
      rejected.push({ box: boxInResult(box, frame), reason });
    };
    const found = this.#settings.stills
      ? await this.#detectStill(frame, reject)
      : await this.#track(frame, timeMs, reject);
    watch.lap("detect");
    const faces = this.#checkDepth(frame, found, reject);
    if (frame.depth !== undefined) watch.lap("depth");
    return { faces, rejected };
  }

  async #detectStill(frame: FrameInput, reject: Reject): Promise<FaceWithoutDepth[]> {
    const detections = await this.#detect(frame, reject);
    return detections.map(({ box, score }) => ({ track: null, box, score, isDetected: true }));
  }

  async #track(frame: FrameInput, timeMs: number, reject: Reject): Promise<FaceWithoutDepth[]> {
    const { width, height } = frame;
    const isDue = this.#schedule.isDue(timeMs);
    const detections = isDue ? await this.#detect(frame, reject) : null;
    return this.#tracker
      .update(timeMs, detections)
      .filter(({ box }) => isInside(box, width, height))
      .map(({ id, box, score, missedMs }) => ({
        track: id,
        box,
        score,
        isDetected: isDue && missedMs === 0,
      }));
  }

  #detect(frame: FrameInput, reject: Reject) {
    return this.#detector.detect(frame, ({ box, reason }) => reject(box, reason));
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

/** Receives a box that does not count as a face, and the reason. */
type Reject = (box: Box, reason: string) => void;
