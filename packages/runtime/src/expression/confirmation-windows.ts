import {
  createSmoother,
  type Confirmation,
  type Confirmed,
  type Smoother,
} from "./confirmation.ts";

/** Time without a face after which its window starts anew, in milliseconds. */
const FORGET_AFTER_MS = 5000;

interface FaceWindow {
  readonly smoother: Smoother;
  /** Time of the last frame that showed the face. */
  seenMs: number;
}

/** A face whose expression is to be confirmed. */
export interface TrackedFace {
  readonly track: number;
  /** Name of the recognised person; null while unknown. */
  readonly person: string | null;
}

/** The confirmation of a face's expression after a frame. */
export interface WindowState {
  /** Null until the window is full. */
  readonly confirmed: Confirmed | null;
  /**
   * In how many of the last `size` frames each label was the most probable, in the labels' order.
   */
  readonly counts: readonly number[];
}

/** The confirmation windows of all faces in view: one per person, and one per unknown track. */
export class ConfirmationWindows {
  readonly #options: Confirmation;
  readonly #labels: readonly string[];
  readonly #windows = new Map<string, FaceWindow>();

  constructor(labels: readonly string[], options: Confirmation) {
    this.#options = options;
    this.#labels = labels;
  }

  /**
   * Adds one face of one frame. When a track is recognised, its window becomes the person's window,
   * unless the person already has one.
   *
   * @param probabilities in the order of the labels.
   * @param timeMs of the frame.
   */
  add(face: TrackedFace, probabilities: ArrayLike<number>, timeMs: number): WindowState {
    this.#deleteOld(timeMs);
    const ofTrack = `track ${face.track}`;
    const key = face.person === null ? ofTrack : `person ${face.person}`;
    const window = this.#windows.get(key) ??
      this.#windows.get(ofTrack) ?? {
        smoother: createSmoother(this.#options, this.#labels),
        seenMs: timeMs,
      };
    if (key !== ofTrack) this.#windows.delete(ofTrack);
    window.seenMs = timeMs;
    this.#windows.set(key, window);
    const confirmed = window.smoother.add(probabilities);
    return { confirmed, counts: [...window.smoother.counts] };
  }

  #deleteOld(timeMs: number): void {
    for (const [key, { seenMs }] of this.#windows) {
      if (timeMs - seenMs > FORGET_AFTER_MS) this.#windows.delete(key);
    }
  }
}
